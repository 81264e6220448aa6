//! The old `mmap` of 32-bit programs, whose arguments are in memory.

use super::memory::{BOTH, PAGE, fill, run};
use crate::scenario::Way;
use crate::sys::{int80, low_copy};

/// `mmap` in the kernel's `syscall_32.tbl`.
const MMAP: u32 = 90;

pub(super) const WAY: Way =
    Way::ordinary("int80-mmap", "the old mmap through int 0x80, with its arguments in memory", |scene| {
        let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u32;
        let arguments = [0, PAGE as u32, BOTH as u32, flags, u32::MAX, 0];
        let arguments = low_copy(&arguments.map(u32::to_le_bytes).concat())?;
        // SAFETY: a new mapping at an address that the kernel chooses.
        let page = scene.window(|| unsafe { int80(MMAP, [arguments, 0, 0, 0, 0, 0]) })?;
        let page = page as usize as *mut u8;
        fill(page);
        run(scene, page);
        Ok(())
    });
