//! Starts a program and waits for it, as `vfork`, `execve` and `waitpid` do. All memory is made before, so only the
//! kernel's work is timed.

use std::ffi::{CString, c_char, c_int, c_void};
use std::io;
use std::ptr;

use hookbench_model::Refusal;

use crate::{Effect, Operation, Stopwatch, Timed};

/// Enough for `execve`'s wrapper and a signal frame.
const STACK: usize = 64 * 1024;

/// A program with its arguments and environment, ready to be run.
pub(crate) struct Program {
    path: CString,
    _strings: Vec<CString>,
    argv: Vec<*const c_char>,
    envp: Vec<*const c_char>,
    stack: Vec<u8>,
    errno: c_int,
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// It could not be executed; the error number.
    NotExecuted(i32),
}

impl Ended {
    /// The end with this wait status, if `errno` is 0; otherwise the program could not be executed.
    pub(crate) fn of(status: c_int, errno: c_int) -> Ended {
        match errno {
            0 if libc::WIFSIGNALED(status) => Ended::Signalled(libc::WTERMSIG(status)),
            0 => Ended::Exited(libc::WEXITSTATUS(status)),
            errno => Ended::NotExecuted(errno),
        }
    }

    /// How a timed operation was stopped, if a success exits with 0.
    pub(crate) fn refused(self) -> Option<Refusal> {
        match self {
            Ended::Exited(0) => None,
            Ended::Exited(code) => Some(Refusal::Exit(code)),
            Ended::Signalled(signal) => Some(Refusal::Signal(signal)),
            Ended::NotExecuted(errno) => Some(Refusal::Errno(errno)),
        }
    }
}

impl Program {
    /// `args` begins with the path.
    pub(crate) fn new(args: &[&str], env: Vec<String>) -> io::Result<Self> {
        let path = args.first().ok_or_else(|| io::Error::other("a program needs a path"))?;
        Self::at(path, args, env)
    }

    /// The program at `path`; the first of `args` is the name that it is given.
    pub(crate) fn at(path: &str, args: &[&str], env: Vec<String>) -> io::Result<Self> {
        let path = CString::new(path).map_err(io::Error::other)?;
        let strings = args.iter().map(|arg| arg.to_string()).chain(env).map(CString::new);
        let strings = strings.collect::<Result<Vec<CString>, _>>().map_err(io::Error::other)?;
        let pointers = |part: &[CString]| {
            let null = std::iter::once(ptr::null());
            part.iter().map(|string| string.as_ptr()).chain(null).collect()
        };
        let (argv, envp) = strings.split_at(args.len());
        let (argv, envp) = (pointers(argv), pointers(envp));
        // Touched now: a page fault in the child would be timed.
        Ok(Self { path, argv, envp, _strings: strings, stack: vec![1; STACK], errno: 0 })
    }

    /// Runs the program and waits for its end.
    pub(crate) fn run(&mut self) -> io::Result<Ended> {
        self.errno = 0;
        let this: *mut Program = self;
        // SAFETY: the end of `stack`, aligned down to 16 bytes, is the top of a stack that nothing else uses. With
        // CLONE_VFORK this thread is stopped until the child has left our memory, so `this` stays valid and
        // unshared.
        let pid = unsafe {
            let top = (*this).stack.as_mut_ptr().add(STACK);
            let top = top.sub(top as usize % 16).cast::<c_void>();
            libc::clone(execute, top, libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD, this.cast())
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
        let errno = unsafe { ptr::read_volatile(&raw const (*this).errno) };
        Ok(Ended::of(status, errno))
    }
}

/// The child: execute, or leave the error number in the parent's memory.
extern "C" fn execute(program: *mut c_void) -> c_int {
    let program = program.cast::<Program>();
    // SAFETY: `run` passed a valid Program and waits. argv and envp end in null pointers, and their strings live as
    // long as the Program.
    unsafe {
        libc::execve((*program).path.as_ptr(), (*program).argv.as_ptr(), (*program).envp.as_ptr());
        ptr::write_volatile(&raw mut (*program).errno, *libc::__errno_location());
        libc::_exit(127)
    }
}

/// The operation of a workload that runs one program: from the fork to its end.
pub(crate) struct ProgramRuns {
    program: Program,
    /// How many times the program exited with 0.
    exited: u64,
}

impl ProgramRuns {
    /// Runs `program` in each operation.
    pub(crate) fn new(program: Program) -> Self {
        Self { program, exited: 0 }
    }
}

impl Operation for ProgramRuns {
    fn run_once(&mut self) -> io::Result<Timed> {
        let stopwatch = Stopwatch::start();
        let ended = self.program.run();
        let elapsed = stopwatch.elapsed();
        let refused = ended?.refused();
        self.exited += u64::from(refused.is_none());
        Ok(Timed { elapsed, refused })
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Exited(self.exited))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str], env: &[&str]) -> Ended {
        Program::new(args, env.iter().map(|v| v.to_string()).collect()).unwrap().run().unwrap()
    }

    #[test]
    fn a_program_ends_as_it_ends() {
        assert_eq!(run(&["/bin/sh", "-c", "exit 0"], &[]), Ended::Exited(0));
        assert_eq!(run(&["/bin/sh", "-c", "exit $CODE"], &["CODE=7"]), Ended::Exited(7));
        assert_eq!(run(&["/bin/sh", "-c", "kill -9 $$"], &[]), Ended::Signalled(9));
        assert_eq!(run(&["/nowhere"], &[]), Ended::NotExecuted(libc::ENOENT));
    }

    #[test]
    fn what_was_refused_is_not_a_success() {
        assert_eq!(Ended::Exited(0).refused(), None);
        assert_eq!(Ended::NotExecuted(1).refused(), Some(Refusal::Errno(1)));
        assert_eq!(Ended::Exited(3).refused(), Some(Refusal::Exit(3)));
        assert_eq!(Ended::Signalled(9).refused(), Some(Refusal::Signal(9)));
    }
}
