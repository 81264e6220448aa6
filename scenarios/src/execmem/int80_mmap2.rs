//! `mmap2`, which only 32-bit programs have.

use super::memory::{BOTH, PAGE, fill, run};
use crate::scenario::Way;
use crate::sys::int80;

/// `mmap2` in the kernel's `syscall_32.tbl`.
const MMAP2: u32 = 192;

pub(super) const WAY: Way = Way::ordinary("int80-mmap2", "mmap2 through int 0x80, as number 192", |scene| {
    let flags = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as u32;
    // SAFETY: a new mapping at an address that the kernel chooses.
    let page = scene.window(|| unsafe { int80(MMAP2, [0, PAGE as u32, BOTH as u32, flags, u32::MAX, 0]) })?;
    let page = page as usize as *mut u8;
    fill(page);
    run(scene, page);
    Ok(())
});
