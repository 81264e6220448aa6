//! Another file takes its name: no call deletes anything by its name.

use std::io;

use super::image::become_program;
use super::{FILE, OTHER_FILE};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, path};

pub(super) const WAY: Way =
    Way::ordinary("rename-over", "the program renames another file to the name of its own", |scene| {
        become_program(scene, &scene.path(FILE), "rename-over")
    });

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    let (file, other) = (path(file)?, path(&scene.path(OTHER_FILE))?);
    // SAFETY: both paths outlive the call.
    scene.window(|| check(unsafe { libc::rename(other.as_ptr(), file.as_ptr()) })).map(drop)
}
