//! Opens pseudo-terminals.

use std::ffi::c_int;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Wide enough for most lines.
static SIZE: libc::winsize = libc::winsize { ws_row: 24, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };

/// Opens a pseudo-terminal. Returns its master and its slave.
///
/// # Errors
/// When the kernel has none, or refuses.
pub(super) fn open() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
    let unlocked: c_int = 0;
    // SAFETY: opens by numbers; the pointers outlive the calls, and each descriptor is owned
    // as soon as the kernel has made it.
    unsafe {
        let master = owned(libc::posix_openpt(flags))?;
        check(libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &raw const unlocked))?;
        let slave = owned(libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags))?;
        check(libc::ioctl(slave.as_raw_fd(), libc::TIOCSWINSZ, &raw const SIZE))?;
        Ok((master, slave))
    }
}

/// Owns the descriptor that a system call returned.
///
/// # Safety
/// `descriptor` must be new, or negative after an error.
///
/// # Errors
/// The system call's, if it failed.
pub(super) unsafe fn owned(descriptor: c_int) -> io::Result<OwnedFd> {
    check(descriptor)?;
    // SAFETY: by this function's contract.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// The error of a system call that returned `result`.
///
/// # Errors
/// If it failed.
pub(super) fn check(result: c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
