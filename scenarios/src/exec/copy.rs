//! A copy: another file for a policy that knows the file by its inode.

use std::fs;

use super::scene_files::{VULNERABLE, write};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("copy", "execve of a copy of it", |scene| {
    let path = scene.path("copy");
    write(&path, &fs::read(VULNERABLE)?)?;
    super::execute(scene, &path)
});
