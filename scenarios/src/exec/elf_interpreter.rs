//! A program that names it as its interpreter, where the dynamic loader is named otherwise: the kernel opens and maps
//! it, starts at its first instruction, and asks about the other program alone whether it may be executed.

use super::programs;
use super::scene_files::{OTHER_MARK, VULNERABLE, write};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("elf-interpreter", "execve of a program that names it as its ELF interpreter", |scene| {
        let path = scene.path("interpreted");
        write(&path, &programs::interpreted(VULNERABLE, &scene.path(OTHER_MARK)))?;
        super::execute(scene, &path)
    });
