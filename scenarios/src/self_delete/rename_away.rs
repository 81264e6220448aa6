//! An allowed neighbour: the program gives its file another name.

use std::io;
use std::path::Path;

use super::image::become_program;
use super::{FILE, SECOND};
use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::{check, path};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(|scene, _| {
        Ok(Path::new(&scene.path(SECOND)).exists() && !Path::new(&scene.path(FILE)).exists())
    }),
    ..Way::ordinary("rename-away", "the program renames its file", |scene| {
        become_program(scene, &scene.path(FILE), "rename-away")
    })
};

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    let (file, new) = (path(file)?, path(&scene.path(SECOND))?);
    // SAFETY: both paths outlive the call.
    scene.window(|| check(unsafe { libc::rename(file.as_ptr(), new.as_ptr()) })).map(drop)
}
