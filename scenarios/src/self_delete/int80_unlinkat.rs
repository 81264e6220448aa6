//! `unlinkat` by the 32-bit entry of the kernel, under another number.

use std::io;

use super::FILE;
use super::image::become_program;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{int80, low_copy, path};

pub(super) const WAY: Way =
    Way::ordinary("int80-unlinkat", "unlinkat through int 0x80, as number 301", |scene| {
        become_program(scene, &scene.path(FILE), "int80-unlinkat")
    });

/// `unlinkat` in the kernel's `syscall_32.tbl`.
pub(super) const UNLINKAT: u32 = 301;

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    let file = low_copy(path(file)?.as_bytes_with_nul())?;
    // SAFETY: the copy stays until the process ends.
    scene.window(|| unsafe { int80(UNLINKAT, [libc::AT_FDCWD as u32, file, 0, 0, 0, 0]) }).map(drop)
}
