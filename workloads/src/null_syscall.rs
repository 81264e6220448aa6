//! `null-syscall`: getppid. It shows the lowest cost of a system call, and what a monitor costs processes that do
//! nothing it watches.

use std::ffi::c_long;
use std::io;
use std::ptr;

use hookbench_model::{Enforcement, Params, Refusal};

use crate::denial::Untimed;
use crate::stopwatch::timed_syscall;
use crate::{Denial, Effect, Info, Operation, Operations, Timed, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct NullSyscall;

/// The number of getppid.
pub const NULL_CALL: u32 = libc::SYS_getppid as u32;

/// More than one: a monitor that sees only its first event has to fail.
pub(crate) const MPROTECTS: u64 = 2;

static INFO: Info = Info {
    name: "null-syscall",
    // getppid is no behaviour. The worker calls mprotect after its last sample, because otherwise a deaf monitor
    // could pass for a cheap one.
    behaviour: "mprotect",
    others: false,
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

    /// No policy stops getppid. What a custom monitor has to stop, the user says.
    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        match enforcement {
            Enforcement::Expects(_) => Denial::of_every_operation(enforcement),
            _ => None,
        }
    }
}

struct Getppid;

impl Way for Getppid {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[NULL_CALL], events: 0, events_at_end: MPROTECTS, ..WayFacts::new("getppid") }
    }

    fn prepare(&self, _: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        Ok(Box::new(Calling { parent: parent()?, right: 0, untimed: Untimed::under(enforcement) }))
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
    /// How the calls of mprotect at the end may be refused.
    untimed: Untimed,
}

impl Operation for Calling {
    fn run_once(&mut self) -> io::Result<Timed> {
        let (elapsed, result) = timed_syscall(libc::SYS_getppid, 0);
        self.right += u64::from(result == self.parent);
        let refused = (-4095..0).contains(&result).then_some(Refusal::Errno(-result as i32));
        Ok(Timed { elapsed, refused })
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Returned(self.right))
    }

    fn finish(&mut self) -> io::Result<()> {
        mprotects(self.untimed)
    }
}

/// A page of constants, which may be read and not written.
#[repr(C, align(4096))]
struct Witness([u8; PAGE]);

const PAGE: usize = 4096;
static WITNESS: Witness = Witness([0; PAGE]);

/// What a workload that performs no behaviour does at its end. `untimed` says how the calls may be refused.
pub(crate) fn mprotects(untimed: Untimed) -> io::Result<()> {
    for _ in 0..MPROTECTS {
        // SAFETY: the page holds constants and stays readable. A request for the protection that the page already
        // has takes no page fault and splits no VMA, and passes every hook.
        let asked =
            unsafe { libc::mprotect(ptr::from_ref(&WITNESS).cast_mut().cast(), PAGE, libc::PROT_READ) };
        if asked != 0 {
            untimed.ignore(Err(io::Error::last_os_error()))?;
        }
    }
    Ok(())
}
