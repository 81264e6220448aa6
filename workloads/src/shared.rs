//! Memory that a process shares with its children.

use std::io;
use std::ops::Deref;
use std::ptr;

/// A value in such memory.
pub(crate) struct Shared<T>(*mut T);

impl<T> Shared<T> {
    /// Maps memory for a value. All of it is zero.
    ///
    /// # Safety
    /// Zero has to be valid for `T`, and all of `T` has to be atomic.
    ///
    /// # Errors
    /// When the kernel has no memory for it.
    pub(crate) unsafe fn map() -> io::Result<Self> {
        // SAFETY: an anonymous shared mapping where the kernel likes.
        let page = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
            libc::mmap(ptr::null_mut(), size_of::<T>(), protection, flags, -1, 0)
        };
        if page == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(Self(page.cast())) }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: mapped, aligned to a page, and valid because `map`'s caller says so.
        unsafe { &*self.0 }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: unmaps what `map` mapped.
        unsafe { libc::munmap(self.0.cast(), size_of::<T>()) };
    }
}
