//! The operation that a mitigation is to refuse, and the process that tries it again and again.

use std::ffi::{CString, c_int, c_void};
use std::io;
use std::time::Duration;

use super::notes::{Note, Notes};
use crate::child;
use crate::guest::race::time_stamp;
use crate::sys::{check, check_long};

/// How long the operation is tried, in instructions: ten ticks of the kernel's clock.
pub(super) const LIMIT: u64 = 40_000_000;
/// How long a caller rests.
const REST: Duration = Duration::from_micros(50);
/// Bytes of a child's stack.
const STACK: usize = 64 * 1024;

/// What is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    /// To open the secret.
    Open,
    /// To make a user namespace, in a child, as a process can only be in so many.
    Namespace,
}

impl Operation {
    /// The word by which a program is told.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Operation::Open => "open",
            Operation::Namespace => "namespace",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Operation> {
        [Operation::Open, Operation::Namespace].into_iter().find(|operation| operation.word() == word)
    }
}

/// A process that tries.
pub(super) struct Tries {
    operation: Operation,
    secret: CString,
    stack: Vec<u128>,
}

impl Tries {
    /// Makes ready to try, and tries: it has to pass now. What follows runs in memory that is there already.
    ///
    /// # Errors
    /// When it is refused.
    pub(super) fn new(operation: Operation, secret: &str, notes: Notes) -> io::Result<Tries> {
        let stack = vec![0; STACK / size_of::<u128>()];
        let mut tries = Tries { operation, secret: CString::new(secret)?, stack };
        tries.once()?;
        tries.until(notes, true, 1);
        notes.set(Note::Passed, 0);
        Ok(tries)
    }

    /// Tries until it is refused, or for [`LIMIT`], and notes what came out.
    pub(super) fn until_refused(&mut self, notes: Notes, rests: bool) {
        self.until(notes, rests, LIMIT);
    }

    /// Tries at least once, and for `limit` instructions.
    fn until(&mut self, notes: Notes, rests: bool, limit: u64) {
        let (begin, mut passed) = (time_stamp(), 0);
        while passed == 0 || time_stamp() - begin < limit {
            if self.once().is_err() {
                notes.stamp(Note::Refused);
                return;
            }
            passed += 1;
            notes.set(Note::Passed, passed);
            if rests {
                std::thread::sleep(REST);
            }
        }
    }

    fn once(&mut self) -> io::Result<()> {
        match self.operation {
            Operation::Open => self.open(),
            Operation::Namespace => self.make_namespace(),
        }
    }

    fn open(&self) -> io::Result<()> {
        let path = self.secret.as_ptr();
        // SAFETY: the path outlives the call, and the descriptor is ours to close.
        unsafe {
            let call =
                libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, libc::O_RDONLY | libc::O_CLOEXEC);
            check(libc::close(check_long(call)? as i32)).map(drop)
        }
    }

    fn make_namespace(&mut self) -> io::Result<()> {
        let flags = libc::CLONE_NEWUSER | libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let top = self.stack.as_mut_ptr_range().end.cast::<c_void>();
        // SAFETY: the child runs `leave` on a stack of its own while this process waits.
        let child = check(unsafe { libc::clone(leave, top, flags, std::ptr::null_mut()) })?;
        child::wait(child).map(drop)
    }
}

extern "C" fn leave(_: *mut c_void) -> c_int {
    0
}
