//! The same program for 32 bits: another file for a policy that knows the file by its inode.

use super::programs;
use super::scene_files::{MARK, write};
use crate::elf::Class;
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("program32", "execve of its 32-bit build", |scene| {
    let path = scene.path("vulnerable32");
    write(&path, &programs::makes(Class::Bits32, &scene.path(MARK)))?;
    super::execute(scene, &path)
});
