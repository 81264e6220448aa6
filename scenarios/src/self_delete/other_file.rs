//! An allowed neighbour: the program deletes a file that nobody executes, as every program does with temporary files.

use std::io;
use std::path::Path;

use super::image::become_program;
use super::{FILE, OTHER_FILE};
use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::{check, path};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(|scene, _| Ok(!Path::new(&scene.path(OTHER_FILE)).exists())),
    ..Way::ordinary("other-file", "the program unlinks another file", |scene| {
        become_program(scene, &scene.path(FILE), "other-file")
    })
};

pub(super) fn deed(scene: &Scene, _: &str) -> io::Result<()> {
    let other = path(&scene.path(OTHER_FILE))?;
    // SAFETY: the path outlives the call.
    scene.window(|| check(unsafe { libc::unlink(other.as_ptr()) })).map(drop)
}
