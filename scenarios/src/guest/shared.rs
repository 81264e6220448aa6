//! Makes the memory that the runner shares with ways and with the programs that they execute.

use std::ptr;

use anyhow::{Context, Result};

use crate::scene::{SHARED_FD, Shared};
use crate::sys::check;

/// Makes it, at the descriptor that all programs know.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn make() -> Result<&'static Shared> {
    // SAFETY: plain system calls.
    unsafe {
        let file = check(libc::memfd_create(c"shared".as_ptr(), 0)).context("failed to make a memfd")?;
        check(libc::ftruncate(file, size_of::<Shared>() as i64)).context("failed to size the memfd")?;
        check(libc::dup2(file, SHARED_FD)).context("failed to move the memfd")?;
        check(libc::close(file)).context("failed to close the memfd")?;
    }
    map().context("failed to map the shared memory")
}

/// Maps it in a program that a way executed.
///
/// # Errors
/// When the program was not executed by a way.
pub(super) fn map() -> std::io::Result<&'static Shared> {
    // SAFETY: maps at an address that the kernel chooses; the mapping stays until the process ends. The kernel made
    // its bytes zero, which are valid atomics.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let place =
            libc::mmap(ptr::null_mut(), size_of::<Shared>(), protection, libc::MAP_SHARED, SHARED_FD, 0);
        if place == libc::MAP_FAILED {
            return Err(std::io::Error::last_os_error());
        }
        Ok(&*place.cast::<Shared>())
    }
}
