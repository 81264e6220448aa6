//! A child of the program deletes the file of both.

use std::fs;
use std::io;

use super::FILE;
use super::image::become_program;
use crate::child;
use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way =
    Way::ordinary("child", "a child of the program unlinks the file, which it runs from as well", |scene| {
        become_program(scene, &scene.path(FILE), "child")
    });

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    scene.window(|| {
        child::run(|| {
            scene.leave(fs::remove_file(file));
            Ok(())
        })
    })?;
    Ok(())
}
