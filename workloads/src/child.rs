//! A system call made by a child that shares the caller's memory, because a monitor may kill the process that
//! makes it. The timed section begins just before the call and ends when the parent has seen the child's end: a
//! killed child cannot stop a watch.

use std::ffi::{c_int, c_long, c_void};
use std::io;
use std::ptr;

use hookbench_model::Refusal;

use crate::{Stopwatch, Timed};

/// What is timed then, for a report.
pub(crate) const TIMED_OTHERWISE: &str = "timed from just before the call until the parent has seen its maker's end, where others time the call alone";

/// Enough for a system call and a signal frame.
const STACK: usize = 64 * 1024;

/// The child's stack and what the child leaves behind. It is made once, for all calls.
pub(crate) struct Child {
    stack: Vec<u8>,
    number: c_long,
    arguments: [usize; 3],
    started: Option<Stopwatch>,
    result: c_long,
}

impl Child {
    pub(crate) fn new() -> Self {
        // Touched now: a page fault in the child would be timed.
        Self { stack: vec![1; STACK], number: 0, arguments: [0; 3], started: None, result: 0 }
    }

    /// Has a child make the system call `number`, and waits for the child's end.
    pub(crate) fn call(&mut self, number: c_long, arguments: [usize; 3]) -> io::Result<Timed> {
        (self.number, self.arguments, self.started) = (number, arguments, None);
        let this: *mut Child = self;
        // SAFETY: the end of `stack`, aligned down to 16 bytes, is the top of a stack that nothing else uses. With
        // CLONE_VFORK this thread is stopped until the child has left our memory, so `this` stays valid and
        // unshared.
        let pid = unsafe {
            let top = (*this).stack.as_mut_ptr().add(STACK);
            let top = top.sub(top as usize % 16).cast::<c_void>();
            libc::clone(child, top, libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD, this.cast())
        };
        if pid < 0 {
            return Err(io::Error::last_os_error());
        }
        let mut status = 0;
        // SAFETY: `status` is ours to write.
        if unsafe { libc::waitpid(pid, &mut status, 0) } < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the child has ended, so nothing writes any more. It is volatile because the compiler has not seen
        // the child write.
        let (started, result) = unsafe {
            (ptr::read_volatile(&raw const (*this).started), ptr::read_volatile(&raw const (*this).result))
        };
        let started = started.ok_or_else(|| io::Error::other("a child ended before its system call"))?;
        let refused = match result {
            _ if libc::WIFSIGNALED(status) => Some(Refusal::Signal(libc::WTERMSIG(status))),
            0.. => None,
            error => Some(Refusal::Errno(-error as i32)),
        };
        Ok(Timed { elapsed: started.elapsed(), refused })
    }
}

/// Makes the call and leaves its result in the parent's memory, unless it is killed.
extern "C" fn child(argument: *mut c_void) -> c_int {
    let this = argument.cast::<Child>();
    // SAFETY: `call` passed a valid Child and waits. Its caller is responsible for what the system call does to
    // memory.
    unsafe {
        let ([first, second, third], number) = ((*this).arguments, (*this).number);
        ptr::write_volatile(&raw mut (*this).started, Some(Stopwatch::start()));
        let result = libc::syscall(number, first, second, third);
        let result = if result < 0 { -c_long::from(*libc::__errno_location()) } else { result };
        ptr::write_volatile(&raw mut (*this).result, result);
        libc::_exit(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_says_how_its_call_ended_or_that_it_was_killed() {
        let mut child = Child::new();
        let passes = child.call(libc::SYS_getppid, [0; 3]).unwrap();
        assert_eq!(passes.refused, None);
        assert!(passes.elapsed > 0);
        let fails = child.call(libc::SYS_close, [usize::MAX, 0, 0]).unwrap();
        assert_eq!(fails.refused, Some(Refusal::Errno(libc::EBADF)));
        // In strict mode the child may not even leave as the C library has it leave.
        let mode = libc::SECCOMP_MODE_STRICT as usize;
        let dies = child.call(libc::SYS_prctl, [libc::PR_SET_SECCOMP as usize, mode, 0]).unwrap();
        assert_eq!(dies.refused, Some(Refusal::Signal(libc::SIGKILL)));
        assert!(dies.elapsed > 0);
    }
}
