//! An ordinary user mounts an empty file system in a namespace of its own.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use super::{MOUNTED, is_left, leave};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, mount};

pub(super) const WAY: Way = Way {
    has_effect: Some(is_left),
    ..Way::ordinary("user-tmpfs", "an ordinary user mounts a tmpfs in a user namespace", |scene| {
        in_new_namespace(scene, |place| mount("tmpfs", place, Some("tmpfs"), 0, ""))
    })
};

/// Goes into new namespaces, has `attach` mount something there, and looks whether another file system is there.
///
/// # Errors
/// Those of the kernel and of `attach`.
pub(super) fn in_new_namespace(scene: &Scene, attach: impl FnOnce(&str) -> io::Result<()>) -> io::Result<()> {
    // SAFETY: changes this process alone.
    check(unsafe { libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS) })?;
    let place = scene.path(MOUNTED);
    scene.window(|| attach(&place))?;
    leave(scene, fs::metadata(&place)?.dev() != fs::metadata(&scene.folder)?.dev());
    Ok(())
}
