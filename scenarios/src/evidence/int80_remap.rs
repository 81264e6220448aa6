//! A 32-bit call that opens nothing, under the number of the 64-bit `openat`.

use std::io;
use std::sync::atomic::Ordering;

use super::worked;
use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::int80;

/// `remap_file_pages` in the kernel's `syscall_32.tbl`, `openat` in `syscall_64.tbl`.
const REMAP: u32 = 257;
const PAGE: usize = 4_096;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("int80-remap", "remap_file_pages through int 0x80, as number 257", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_32BIT;
    // SAFETY: a new mapping at an address that the kernel chooses.
    let place = unsafe { libc::mmap(std::ptr::null_mut(), 2 * PAGE, protection, flags, -1, 0) };
    if place == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: changes that mapping alone, which nothing uses.
    scene.window(|| unsafe { int80(REMAP, [place as usize as u32, PAGE as u32, 0, 1, 0, 0]) })?;
    scene.shared.values[0].store(1, Ordering::SeqCst);
    Ok(())
}
