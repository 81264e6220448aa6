//! Children that live beside the worker for a while, and end with it at the latest.

use std::ffi::c_int;
use std::io;

/// Waits for the end of the child `pid`, or until it stops if it is traced. Returns its wait status.
///
/// # Errors
/// When there is no such child.
pub(crate) fn wait(pid: libc::pid_t) -> io::Result<c_int> {
    let mut status = 0;
    // SAFETY: `status` is ours to write.
    if unsafe { libc::waitpid(pid, &mut status, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(status)
}

/// A child that does its part until this value goes, or until its parent ends.
pub(crate) struct Companion(pub(crate) libc::pid_t);

impl Companion {
    /// Starts a child that does its `part`.
    ///
    /// # Errors
    /// When fork is refused.
    pub(crate) fn start(part: impl FnOnce()) -> io::Result<Companion> {
        // SAFETY: asks for a number.
        let parent = unsafe { libc::getpid() };
        // SAFETY: the worker has one thread.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => live(part, parent),
            pid => Ok(Companion(pid)),
        }
    }
}

/// The life of a child of `parent`. It leaves without running the worker's destructors.
fn live(part: impl FnOnce(), parent: libc::pid_t) -> ! {
    // SAFETY: asks for a signal and for a number. If the parent has ended already, no signal will come.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == 0 && libc::getppid() == parent } {
        part();
    }
    // SAFETY: see above.
    unsafe { libc::_exit(0) }
}

impl Drop for Companion {
    fn drop(&mut self) {
        // SAFETY: ends a child that nobody has waited for.
        unsafe { libc::kill(self.0, libc::SIGKILL) };
        while let Ok(status) = wait(self.0) {
            if libc::WIFEXITED(status) || libc::WIFSIGNALED(status) {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_companion_ends_with_its_value() {
        let companion = Companion::start(|| {
            // SAFETY: waits for a signal.
            unsafe { libc::pause() };
        });
        let pid = companion.as_ref().unwrap().0;
        drop(companion);
        // SAFETY: asks whether the process is there.
        assert_eq!(unsafe { libc::kill(pid, 0) }, -1);
    }
}
