//! `pipe`: lmbench's `lat_pipe`, the round trip of UnixBench's `context1`. One operation writes a token of one byte to a
//! pipe and reads it back from another one. A child of the worker has read it from the first pipe, added one, and
//! written it to the second. On one CPU that makes two switches from one process to the other.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};

use hookbench_model::{Enforcement, Params};

use crate::arch::syscall_6;
use crate::companion::Companion;
use crate::unwatched::{self, Unwatched};
use crate::{Denial, Effect, Info, Operation, Operations, Stopwatch, Timed, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct Pipe;

static INFO: Info = Info {
    name: "pipe",
    behaviour: unwatched::BEHAVIOUR,
    params: &[],
    samples: 200,
    warmup: 20,
    about: "a byte through a pipe to another process, and back through another pipe",
};

impl Workload for Pipe {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Token]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::of_unwatched(enforcement)
    }
}

struct Token;

impl Way for Token {
    fn facts(&self) -> WayFacts {
        WayFacts { in_children: true, ..WayFacts::unwatched("token") }
    }

    fn prepare(&self, _: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        Ok(Unwatched::new(Passing { partner: None, token: Box::new(0), right: 0 }, enforcement))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(CALLS * operations.passed)
    }
}

/// The system calls of one operation.
const CALLS: u64 = 2;

struct Passing {
    /// The first operation starts it: only then is the worker what the partner has to be, a real-time task that the
    /// monitor has been put on.
    partner: Option<Partner>,
    token: Box<u8>,
    /// How many system calls returned what they have to.
    right: u64,
}

/// The other process, and the worker's ends of the two pipes.
struct Partner {
    to: File,
    from: File,
    _process: Companion,
}

impl Partner {
    fn start() -> io::Result<Partner> {
        let ((mut theirs_in, to), (from, mut theirs_out)) = (pipe()?, pipe()?);
        let process = Companion::start(|| {
            let mut token = [0];
            while theirs_in.read_exact(&mut token).is_ok() {
                token[0] = token[0].wrapping_add(1);
                if theirs_out.write_all(&token).is_err() {
                    return;
                }
            }
        })?;
        Ok(Partner { to, from, _process: process })
    }
}

/// The two ends of a new pipe: the one to read from and the one to write to.
pub(crate) fn pipe() -> io::Result<(File, File)> {
    let mut ends = [0; 2];
    // SAFETY: the kernel writes two descriptors, which nothing else owns.
    unsafe {
        match libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) {
            0 => Ok((File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1]))),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Operation for Passing {
    fn arm(&mut self) -> io::Result<()> {
        if self.partner.is_none() {
            self.partner = Some(Partner::start()?);
        }
        Ok(())
    }

    fn run_once(&mut self) -> io::Result<Timed> {
        let partner =
            self.partner.as_ref().ok_or_else(|| io::Error::other("nobody passes the token back"))?;
        let (to, from) = (i64::from(partner.to.as_raw_fd()), i64::from(partner.from.as_raw_fd()));
        let sent = *self.token;
        let token = (&raw mut *self.token) as i64;
        let stopwatch = Stopwatch::start();
        // SAFETY: the kernel reads the token, which is a byte of its own.
        let written = unsafe { syscall_6(libc::SYS_write, [to, token, 1, 0, 0, 0]) };
        let read = match written {
            // SAFETY: the kernel writes the token.
            1.. => unsafe { syscall_6(libc::SYS_read, [from, token, 1, 0, 0, 0]) },
            error => error,
        };
        let elapsed = stopwatch.elapsed();
        // SAFETY: the token is ours. It is volatile because the compiler has not seen the kernel write.
        let back = unsafe { std::ptr::read_volatile(&raw const *self.token) };
        if read == 1 && back == sent.wrapping_add(1) {
            self.right += CALLS;
        }
        Ok(Timed::of(elapsed, read))
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Returned(self.right))
    }
}
