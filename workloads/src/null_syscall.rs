//! `null-syscall`: getppid. It shows the lowest cost of a system call, and what a monitor costs processes that do
//! nothing it watches.

use std::ffi::c_long;
use std::io;

use hookbench_model::{Enforcement, Params};

use crate::stopwatch::timed_syscall;
use crate::unwatched::{self, Unwatched};
use crate::{Denial, Effect, Info, Operation, Operations, Timed, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct NullSyscall;

/// The number of getppid.
pub const NULL_CALL: u32 = libc::SYS_getppid as u32;

static INFO: Info = Info {
    name: "null-syscall",
    behaviour: unwatched::BEHAVIOUR,
    params: &[],
    samples: 200,
    warmup: 20,
    about: "getppid: the floor of a system call, and what a monitor costs the innocent",
};

impl Workload for NullSyscall {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Getppid]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::of_unwatched(enforcement)
    }
}

struct Getppid;

impl Way for Getppid {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[NULL_CALL], ..WayFacts::unwatched("getppid") }
    }

    fn prepare(&self, _: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        Ok(Unwatched::new(Calling { parent: parent()?, right: 0 }, enforcement))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(operations.passed)
    }
}

/// Makes the system call that does nothing. Returns its cost in the unit of the time-stamp counter, which
/// calibrates other clocks.
pub fn null_call() -> u64 {
    timed_syscall(libc::SYS_getppid, 0).0
}

/// The process ID of this process's parent, from `/proc`: getppid is what is measured.
fn parent() -> io::Result<c_long> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // `PID (NAME) STATE PARENT …`, and the name may hold anything.
    let parent =
        text.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1)?.parse().ok());
    parent.ok_or_else(|| io::Error::other(format!("/proc/self/stat does not name a parent: {text:?}")))
}

struct Calling {
    parent: c_long,
    /// How many calls returned it.
    right: u64,
}

impl Operation for Calling {
    fn run_once(&mut self) -> io::Result<Timed> {
        let (elapsed, result) = timed_syscall(libc::SYS_getppid, 0);
        self.right += u64::from(result == self.parent);
        Ok(Timed::of(elapsed, result))
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Returned(self.right))
    }
}
