//! A page that another process fills when the kernel asks for it by `userfaultfd`.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, FromRawFd};

use super::super::attacker::fork_helper;
use super::super::board::Board;
use super::{Made, Slow, content, map};
use crate::race::{Page, Refusal, fuse::SIZE};
use crate::sys::{check, check_long};

/// `UFFD_API`, `UFFDIO_API`, `UFFDIO_REGISTER` and `UFFDIO_COPY` of linux/userfaultfd.h.
const API: u64 = 0xaa;
const SET_API: libc::Ioctl = 0xc018_aa3f as libc::Ioctl;
const REGISTER: libc::Ioctl = 0xc020_aa00 as libc::Ioctl;
const COPY: libc::Ioctl = 0xc028_aa03 as libc::Ioctl;
/// `UFFDIO_REGISTER_MODE_MISSING`.
const MISSING: u64 = 1;
/// Bytes of `struct uffd_msg`.
const MESSAGE: usize = 32;

struct Faulting {
    page: *mut u8,
    _descriptor: File,
}

/// Registers a page and starts the process that fills it.
pub(super) fn make(board: &'static Board, page: Page) -> Made {
    // SAFETY: takes a number alone.
    let made = check_long(unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC) });
    let descriptor = match made {
        // SAFETY: the kernel has just made this descriptor, and nothing else owns it.
        Ok(descriptor) => unsafe { File::from_raw_fd(descriptor as i32) },
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or_default();
            return Ok(Err(Refusal { call: "userfaultfd".into(), errno }));
        }
    };
    ask(&descriptor, SET_API, &mut [API, 0, 0])?;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let place = map(libc::PROT_READ | libc::PROT_WRITE, flags, -1)?;
    ask(&descriptor, REGISTER, &mut [place as u64, SIZE as u64, MISSING, 0])?;
    fork_helper(|| fill(&descriptor, place, board, page))?;
    Ok(Ok(Box::new(Faulting { page: place, _descriptor: descriptor })))
}

/// Fills `place` of the parent whenever the kernel asks for it.
fn fill(descriptor: &File, place: *mut u8, board: &'static Board, page: Page) -> io::Result<()> {
    let mut from = descriptor;
    loop {
        from.read_exact(&mut [0; MESSAGE])?;
        let bytes = content(board, page);
        // The source of the copy has to be a whole page.
        let source = map(libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
        // SAFETY: the page was just mapped, to be written.
        unsafe { source.copy_from_nonoverlapping(bytes.as_ptr(), SIZE) };
        ask(descriptor, COPY, &mut [place as u64, source as u64, SIZE as u64, 0, 0])?;
        // SAFETY: nothing refers to the page any more.
        check(unsafe { libc::munmap(source.cast(), SIZE) })?;
    }
}

fn ask<const N: usize>(descriptor: &File, request: libc::Ioctl, argument: &mut [u64; N]) -> io::Result<()> {
    // SAFETY: each request gets the structure of 64-bit words that the kernel expects of it.
    check(unsafe { libc::ioctl(descriptor.as_raw_fd(), request, argument.as_mut_ptr()) }).map(drop)
}

impl Slow for Faulting {
    fn page(&mut self) -> io::Result<*const u8> {
        // SAFETY: the page is a mapping of this process, which nothing refers to.
        check(unsafe { libc::madvise(self.page.cast(), SIZE, libc::MADV_DONTNEED) })?;
        Ok(self.page)
    }
}
