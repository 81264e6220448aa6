//! The file is mapped, not read.

use std::io;
use std::os::fd::RawFd;

use super::{LENGTH, SECRET_C, keep, open_path};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("mmap", "openat, then mmap instead of read", |scene| {
    let bytes = scene.window(|| map(open_path(SECRET_C)?))?;
    keep(scene, &bytes);
    Ok(())
});

/// Maps the beginning of a file, and copies it from there.
pub(super) fn map(fd: RawFd) -> io::Result<[u8; LENGTH]> {
    // SAFETY: a new mapping at an address that the kernel chooses; the file is that long.
    unsafe {
        let place = libc::mmap(std::ptr::null_mut(), LENGTH, libc::PROT_READ, libc::MAP_PRIVATE, fd, 0);
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(place.cast::<[u8; LENGTH]>().read_volatile())
    }
}
