//! `unlink` of its own file.

use std::io;

use super::FILE;
use super::image::become_program;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, path};

pub(super) const WAY: Way =
    Way::ordinary("unlink", "the program calls unlink with the path of its file", |scene| {
        become_program(scene, &scene.path(FILE), "unlink")
    });

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    let file = path(file)?;
    // SAFETY: the path outlives the call.
    scene.window(|| check(unsafe { libc::unlink(file.as_ptr()) })).map(drop)
}
