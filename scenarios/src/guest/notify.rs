//! The listener of a seccomp filter that notifies: how a supervisor gets it from the process that has the filter, and
//! asks the kernel by it.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::sys::{check, check_long};

/// A copy of the listener that is the descriptor `descriptor` of `process`.
///
/// # Errors
/// When it cannot be copied.
pub(super) fn take(process: libc::pid_t, descriptor: u32) -> io::Result<OwnedFd> {
    // SAFETY: both calls take numbers alone, and the kernel has just made the descriptors.
    unsafe {
        let process = check_long(libc::syscall(libc::SYS_pidfd_open, process, 0))?;
        let process = OwnedFd::from_raw_fd(process as i32);
        let copy = check_long(libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), descriptor, 0))?;
        Ok(OwnedFd::from_raw_fd(copy as i32))
    }
}

/// Makes a request. `argument` has to be the structure that the kernel expects of it.
///
/// # Errors
/// What the kernel answered.
pub(super) fn ioctl<T>(listener: &OwnedFd, request: libc::Ioctl, argument: &mut T) -> io::Result<i32> {
    // SAFETY: each request gets the structure that the kernel expects of it.
    check(unsafe { libc::ioctl(listener.as_raw_fd(), request, std::ptr::from_mut(argument)) })
}

/// What happened to `listener`: `POLLIN` for a notification, `POLLHUP` when no process has the filter any more. Waits
/// for `patience` milliseconds, or for ever if that is negative.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn poll(listener: &OwnedFd, patience: i32) -> io::Result<libc::c_short> {
    let mut polled = libc::pollfd { fd: listener.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: `polled` is valid for the call.
    check(unsafe { libc::poll(&mut polled, 1, patience) })?;
    Ok(polled.revents)
}
