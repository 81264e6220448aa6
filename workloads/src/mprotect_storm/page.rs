//! The page that `mprotect-storm` flips, with a neighbour on each side that nothing may touch. How flips are timed
//! is in `flip.rs`.

use std::ffi::{c_int, c_void};
use std::io;
use std::ptr;

/// One writable page between two that nothing may touch. Its VMA therefore never merges with a neighbour, and the
/// n-th flip does what the first did.
pub(super) struct Page {
    pub(super) address: *mut u8,
    writable: bool,
}

pub(super) const SIZE: usize = 4096;
pub(super) const WRITABLE: c_int = libc::PROT_READ | libc::PROT_WRITE;

impl Page {
    /// Maps the three pages.
    ///
    /// # Errors
    /// When the kernel has no memory for them.
    pub(super) fn map() -> io::Result<Self> {
        // SAFETY: an anonymous mapping where the kernel likes; 3 pages long.
        let address = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let start = libc::mmap(ptr::null_mut(), 3 * SIZE, libc::PROT_NONE, flags, -1, 0);
            if start == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            // The middle page is mapped writable: a change of its protection would raise an mprotect event.
            let middle = start.cast::<u8>().add(SIZE).cast::<c_void>();
            libc::mmap(middle, SIZE, WRITABLE, flags | libc::MAP_FIXED, -1, 0)
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mut page = Self { address: address.cast(), writable: true };
        page.touch();
        Ok(page)
    }

    /// Changes the page's protection.
    ///
    /// # Errors
    /// When the kernel or a monitor refuses.
    #[inline]
    pub(super) fn protect(&mut self, protection: c_int) -> io::Result<()> {
        // SAFETY: the page is ours, and only `touch` uses it.
        if unsafe { libc::mprotect(self.address.cast(), SIZE, protection) } != 0 {
            return Err(io::Error::last_os_error());
        }
        self.writable = protection & libc::PROT_WRITE != 0;
        Ok(())
    }

    /// Writes to the page, if that is allowed: the next flip then finds a dirty page, as every one before it did.
    pub(super) fn touch(&mut self) {
        if self.writable {
            // SAFETY: the page is mapped and writable.
            unsafe { ptr::write_volatile(self.address, 1) };
        }
    }

    /// Has the kernel write to the page. Returns whether it could: where a write of this process would end it, the
    /// kernel's fails with EFAULT.
    ///
    /// # Errors
    /// When the kernel fails otherwise.
    pub(super) fn touch_by_kernel(&mut self) -> io::Result<bool> {
        // SAFETY: the page is ours and longer than a timespec. The C library's wrapper would write itself.
        let result = unsafe { libc::syscall(libc::SYS_clock_gettime, libc::CLOCK_MONOTONIC, self.address) };
        if result == 0 {
            return Ok(true);
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::EFAULT) => Ok(false),
            error => Err(error),
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: unmaps what `map` mapped, neighbours included.
        unsafe { libc::munmap(self.address.sub(SIZE).cast(), 3 * SIZE) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_knows_whether_the_page_is_writable() {
        let mut page = Page::map().unwrap();
        assert!(page.touch_by_kernel().unwrap());
        page.protect(libc::PROT_READ).unwrap();
        assert!(!page.touch_by_kernel().unwrap());
    }
}
