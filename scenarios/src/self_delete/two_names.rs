//! The file has a second name for a moment, and loses both.

use std::io;

use super::image::become_program;
use super::{FILE, SECOND};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, path};

pub(super) const WAY: Way =
    Way::ordinary("two-names", "the program gives its file a second name, and unlinks both", |scene| {
        become_program(scene, &scene.path(FILE), "two-names")
    });

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    let (file, second) = (path(file)?, path(&scene.path(SECOND))?);
    scene.window(|| {
        // SAFETY: both paths outlive the calls.
        unsafe {
            check(libc::link(file.as_ptr(), second.as_ptr()))?;
            check(libc::unlink(file.as_ptr()))?;
            check(libc::unlink(second.as_ptr()))
        }
    })?;
    Ok(())
}
