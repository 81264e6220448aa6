//! Operations that are one system call, made without a wrapper. Each workload says which call it is, with which
//! arguments, and how it sees that the call did what it had to.

use std::io;

use crate::stopwatch::timed_call;
use crate::{Effect, Operation, Timed};

/// One system call.
///
/// # Safety
/// Each of the arguments that is an address has to be one that the kernel may read or write, until the next call.
pub(crate) unsafe trait Call {
    /// Its number.
    const NUMBER: libc::c_long;

    /// Sets up the memory for the next call, and returns the call's arguments.
    fn arguments(&mut self) -> [i64; 6];

    /// Whether the call that returned `result`, which is no error, did what it had to.
    ///
    /// # Errors
    /// When the kernel does not tell.
    fn worked(&mut self, result: i64) -> io::Result<bool>;

    /// See [`Operation::finish`].
    ///
    /// # Errors
    /// When it fails.
    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The operation of a workload that makes the call `C`.
pub(crate) struct Calling<C> {
    call: C,
    /// How many calls did what they had to.
    right: u64,
}

impl<C: Call> Calling<C> {
    pub(crate) fn new(call: C) -> Self {
        Self { call, right: 0 }
    }
}

impl<C: Call> Operation for Calling<C> {
    fn run_once(&mut self) -> io::Result<Timed> {
        let arguments = self.call.arguments();
        // SAFETY: the trait's.
        let (elapsed, result) = unsafe { timed_call(C::NUMBER, &arguments) };
        let timed = Timed::of(elapsed, result);
        if timed.refused.is_none() {
            self.right += u64::from(self.call.worked(result)?);
        }
        Ok(timed)
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Returned(self.right))
    }

    fn finish(&mut self) -> io::Result<()> {
        self.call.finish()
    }
}
