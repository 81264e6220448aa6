//! Keeps the agent's timer from interrupting the kernel's verifier, which gives up with EAGAIN
//! when a signal waits for the process that loads a program.

use std::mem::MaybeUninit;
use std::ptr;

/// A signal that waits until this is dropped.
pub(super) struct Blocked {
    before: libc::sigset_t,
}

impl Blocked {
    /// Makes SIGALRM wait.
    pub(super) fn alarm() -> Blocked {
        let (mut set, mut before) = (MaybeUninit::uninit(), MaybeUninit::zeroed());
        // SAFETY: the first call makes `set` a set; `before` is zeroed, which is one without
        // signals, and valid to write to. The agent has one thread.
        unsafe {
            libc::sigemptyset(set.as_mut_ptr());
            libc::sigaddset(set.as_mut_ptr(), libc::SIGALRM);
            libc::sigprocmask(libc::SIG_BLOCK, set.as_ptr(), before.as_mut_ptr());
            Blocked { before: before.assume_init() }
        }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // SAFETY: `before` is the set that `alarm` found.
        unsafe { libc::sigprocmask(libc::SIG_SETMASK, &self.before, ptr::null_mut()) };
    }
}
