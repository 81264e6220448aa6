//! A child of the program deletes the file of both.

use std::fs;
use std::io;
use std::sync::atomic::Ordering;

use super::FILE;
use super::image::become_program;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::in_child;

pub(super) const WAY: Way =
    Way::ordinary("child", "a child of the program unlinks the file, which it runs from as well", |scene| {
        become_program(scene, &scene.path(FILE), "child")
    });

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    scene.window(|| {
        in_child(|| {
            if let Err(error) = fs::remove_file(file) {
                scene.shared.errno.store(error.raw_os_error().unwrap_or(libc::EPROTO), Ordering::SeqCst);
            }
        })
    })?;
    Ok(())
}
