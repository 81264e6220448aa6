//! `unlink` of its own file in an overlay, where the lower file stays as it is.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::image::become_program;
use super::{FILE, copy_program, is_called_deleted};
use crate::modules;
use crate::scenario::{Need, Way};
use crate::scene::Scene;
use crate::sys::{check, path};

const NEEDS: &[Need] = &[Need::Loaded("overlay")];

pub(super) const WAY: Way = Way {
    needs: NEEDS,
    has_effect: Some(|_, _| is_called_deleted()),
    ..Way::ordinary("overlay", "the program unlinks its file, which an overlay shows", |scene| {
        become_program(scene, &scene.path(&format!("merged/{FILE}")), "unlink")
    })
};

/// Prepares the folders, and the file in the lower one.
pub(super) fn set_up(scene: &Scene) -> io::Result<()> {
    for folder in ["lower", "upper", "work", "merged"] {
        fs::create_dir_all(scene.path(folder))?;
        fs::set_permissions(scene.path(folder), fs::Permissions::from_mode(0o777))?;
    }
    copy_program(&scene.path(&format!("lower/{FILE}")))
}

/// Makes the overlay again as it was. Returns its file, if the kernel has overlays.
pub(super) fn reset(scene: &Scene) -> io::Result<Option<File>> {
    if NEEDS.iter().any(|&need| modules::lack(need).is_some()) {
        return Ok(None);
    }
    let merged = path(&scene.path("merged"))?;
    // SAFETY: the path outlives the call. Nothing is mounted the first time.
    unsafe { libc::umount2(merged.as_ptr(), libc::MNT_DETACH) };
    let whiteout = scene.path(&format!("upper/{FILE}"));
    if fs::symlink_metadata(&whiteout).is_ok() {
        fs::remove_file(whiteout)?;
    }
    let work = scene.path("work/work");
    if Path::new(&work).exists() {
        fs::remove_dir_all(work)?;
    }
    let folders = ["lower", "upper", "work"].map(|name| format!("{name}dir={}", scene.path(name)));
    let options = path(&folders.join(","))?;
    let (kind, flags) = (c"overlay".as_ptr(), 0);
    // SAFETY: all strings outlive the call.
    check(unsafe { libc::mount(kind, merged.as_ptr(), kind, flags, options.as_ptr().cast()) })?;
    File::open(scene.path(&format!("merged/{FILE}"))).map(Some)
}
