//! A child of a way's process, for ways that need one more process.

use std::ffi::c_int;
use std::io;

use crate::sys::{check, errno_of};

/// Has a child run `work`, and waits for its end. Returns its status, as `waitpid` writes it; the exit code is 0, or
/// the errno with which `work` failed.
///
/// # Errors
/// When there can be no child.
pub(crate) fn run(work: impl FnOnce() -> io::Result<()>) -> io::Result<c_int> {
    wait(begin(work)?)
}

/// As [`run`], but does not wait.
///
/// # Errors
/// When there can be no child.
pub(crate) fn begin(work: impl FnOnce() -> io::Result<()>) -> io::Result<libc::pid_t> {
    // SAFETY: a way has one thread, so the child may do anything.
    let child = check(unsafe { libc::fork() })?;
    if child == 0 {
        let code = work().err().as_ref().map_or(0, errno_of);
        // SAFETY: leaves without running what the parent has to run.
        unsafe { libc::_exit(code) };
    }
    Ok(child)
}

/// Waits until `child` ends or stops. Returns its status.
///
/// # Errors
/// When it is no child of this process.
pub(crate) fn wait(child: libc::pid_t) -> io::Result<c_int> {
    let mut status = 0;
    // SAFETY: `status` is ours to write.
    check(unsafe { libc::waitpid(child, &mut status, 0) })?;
    Ok(status)
}

/// What the status of a child of [`run`] says. A signal is no error: what the child did not do shows in the effect.
///
/// # Errors
/// The errno with which it failed.
pub(crate) fn result(status: c_int) -> io::Result<()> {
    match libc::WEXITSTATUS(status) {
        errno if errno != 0 && libc::WIFEXITED(status) => Err(io::Error::from_raw_os_error(errno)),
        _ => Ok(()),
    }
}
