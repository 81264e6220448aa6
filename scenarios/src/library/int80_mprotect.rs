//! `mprotect` by the 32-bit entry of the kernel, where its number is 125.

use super::{LIBRARY_C, PAGE, map, open, run_after};
use crate::scenario::Way;
use crate::sys::int80;

/// `mprotect` in the kernel's `syscall_32.tbl`.
const MPROTECT: u32 = 125;

pub(super) const WAY: Way =
    Way::ordinary("int80-mprotect", "mprotect(PROT_EXEC) through int 0x80, as number 125", |scene| {
        run_after(scene, || {
            let flags = libc::MAP_PRIVATE | libc::MAP_32BIT;
            let address = map(open(LIBRARY_C)?, libc::PROT_READ, flags)?;
            let protection = (libc::PROT_READ | libc::PROT_EXEC) as u32;
            // SAFETY: the page was mapped for this.
            unsafe { int80(MPROTECT, [address as u32, PAGE as u32, protection, 0, 0, 0]) }?;
            Ok(address)
        })
    });
