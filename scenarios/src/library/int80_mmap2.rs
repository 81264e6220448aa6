//! `mmap2` by the 32-bit entry of the kernel, where its number is 192.

use super::{LIBRARY_C, PAGE, open, run_after};
use crate::scenario::Way;
use crate::sys::int80;

/// `mmap2` in the kernel's `syscall_32.tbl`. Its last argument counts pages.
const MMAP2: u32 = 192;

pub(super) const WAY: Way =
    Way::ordinary("int80-mmap2", "mmap2(PROT_EXEC) through int 0x80, as number 192", |scene| {
        run_after(scene, || {
            let (fd, protection) = (open(LIBRARY_C)? as u32, (libc::PROT_READ | libc::PROT_EXEC) as u32);
            // SAFETY: a new mapping at an address that the kernel chooses.
            let place =
                unsafe { int80(MMAP2, [0, PAGE as u32, protection, libc::MAP_PRIVATE as u32, fd, 1]) }?;
            Ok(place as usize)
        })
    });
