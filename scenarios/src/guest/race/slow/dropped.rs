//! A page of a mapped file that the process has dropped from its memory. The kernel brings it back without delay, but
//! a BPF program that reads it cannot wait for it.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use super::{Made, Slow, map};
use crate::race::{EVIL, fuse::SIZE};
use crate::sys::{check, path};

struct Dropped {
    page: *mut u8,
}

/// Maps a file with the path.
pub(super) fn make() -> Made {
    // SAFETY: the name outlives the call, and the descriptor is owned at once.
    let file = unsafe {
        let file = check(libc::memfd_create(path("path")?.as_ptr(), libc::MFD_CLOEXEC))?;
        <File as std::os::fd::FromRawFd>::from_raw_fd(file)
    };
    file.set_len(SIZE as u64)?;
    std::os::unix::fs::FileExt::write_all_at(&file, EVIL.as_bytes(), 0)?;
    let page = map(libc::PROT_READ, libc::MAP_PRIVATE, file.as_raw_fd())?;
    Ok(Ok(Box::new(Dropped { page })))
}

impl Slow for Dropped {
    fn page(&mut self) -> io::Result<*const u8> {
        // SAFETY: the page is a mapping of this process, which nothing refers to.
        check(unsafe { libc::madvise(self.page.cast(), SIZE, libc::MADV_DONTNEED) })?;
        Ok(self.page)
    }
}
