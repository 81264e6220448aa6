//! A symbolic link to the file.

use std::os::unix::fs::symlink;

use super::scene_files::VULNERABLE;
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("symlink", "execve of a symbolic link to it", |scene| {
    let path = scene.path("symlink");
    symlink(VULNERABLE, &path)?;
    super::execute(scene, &path)
});
