//! `unlinkat` of its own file.

use std::io;

use super::FILE;
use super::image::become_program;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, path};

pub(super) const WAY: Way =
    Way::ordinary("unlinkat", "the program calls unlinkat with the path of its file", |scene| {
        become_program(scene, &scene.path(FILE), "unlinkat")
    });

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    let file = path(file)?;
    // SAFETY: the path outlives the call.
    scene.window(|| check(unsafe { libc::unlinkat(libc::AT_FDCWD, file.as_ptr(), 0) })).map(drop)
}
