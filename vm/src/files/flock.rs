//! Locks on open files and folders, which the kernel gives back however a process
//! ends. (std's own need a newer compiler than this workspace does.)

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// Says whether the lock was got; not getting it is possible with `LOCK_NB` only.
///
/// # Errors
/// When there are no locks, as on some network file systems.
pub fn flock(file: &File, operation: i32) -> io::Result<bool> {
    loop {
        // SAFETY: flock takes a descriptor, which `file` keeps open, and flags;
        // it touches no memory of ours.
        if unsafe { libc::flock(file.as_raw_fd(), operation) } == 0 {
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::WouldBlock => return Ok(false),
            io::ErrorKind::Interrupted => {}
            _ => return Err(error),
        }
    }
}
