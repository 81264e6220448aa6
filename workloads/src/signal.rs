//! `signal`: lmbench's `lat_sig`. One operation of `way=install` is rt_sigaction, which installs another handler than
//! the one before. One operation of `way=catch` is kill, with which the process sends itself a signal, and all that
//! follows of it: the handler, which adds one to a number, and rt_sigreturn.

use std::ffi::c_int;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use hookbench_model::policy::Policy;
use hookbench_model::{Enforcement, Params};

use crate::call::{Call, Calling};
use crate::denial::Untimed;
use crate::way::{PARAMETER, parameter};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct Signal;

static INFO: Info = Info {
    name: "signal",
    behaviour: "kill",
    params: &[parameter(&["install", "catch"])],
    samples: 200,
    warmup: 20,
    about: "install a handler, or catch a signal that the process sends itself",
};

const SIGNAL: c_int = libc::SIGUSR1;

/// What `install` does at its end, because it sends no signal itself: it asks so many times whether it may. More than one: a monitor
/// that sees only its first event has to fail.
const KILLS: u64 = 2;

impl Workload for Signal {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Install, &Catch]
    }

    fn denial(&self, params: &Params, enforcement: Enforcement) -> Option<Denial> {
        match params.get(PARAMETER) {
            Some("catch") => Denial::by(Policy::Unprivileged, 1, enforcement),
            _ => Denial::of_unwatched(enforcement),
        }
    }
}

struct Install;

impl Way for Install {
    fn facts(&self) -> WayFacts {
        let calls = &[libc::SYS_rt_sigaction as u32];
        WayFacts { calls, events: 0, events_at_end: KILLS, ..WayFacts::new("install") }
    }

    fn prepare(&self, _: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        handle()?;
        let installing = Installing { next: Box::new(installed()?), untimed: Untimed::under(enforcement) };
        Ok(Box::new(Calling::new(installing)))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(operations.passed)
    }
}

struct Catch;

impl Way for Catch {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[libc::SYS_kill as u32], ..WayFacts::new("catch") }
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        handle()?;
        // SAFETY: asks for a number.
        let this = unsafe { libc::getpid() };
        Ok(Box::new(Calling::new(Catching { this: this.into(), caught: CAUGHT.load(Ordering::Relaxed) })))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(operations.passed)
    }
}

/// How many signals were caught.
static CAUGHT: AtomicU64 = AtomicU64::new(0);

extern "C" fn count(_: c_int) {
    CAUGHT.fetch_add(1, Ordering::Relaxed);
}

/// The other handler of `install`. It does something else, or the compiler could make one of the two.
extern "C" fn count_two(_: c_int) {
    CAUGHT.fetch_add(2, Ordering::Relaxed);
}

/// Has the C library install the handler.
fn handle() -> io::Result<()> {
    // SAFETY: the handler only adds to an atomic; all that is zero is valid.
    let result = unsafe {
        let mut action: libc::sigaction = MaybeUninit::zeroed().assume_init();
        action.sa_sigaction = count as *const () as usize;
        libc::sigaction(SIGNAL, &action, ptr::null_mut())
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The handler and what belongs to it, as the kernel has them: four words, of which the first is the handler's address.
type Action = [u64; 4];

/// The size of a set of signals in the kernel.
const SET: i64 = 8;

/// What is installed, the C library's way back from a handler with it.
fn installed() -> io::Result<Action> {
    let mut action: Action = [0; 4];
    let place = (&raw mut action) as usize;
    // SAFETY: the kernel writes the four words of an action.
    match unsafe { libc::syscall(libc::SYS_rt_sigaction, SIGNAL, 0usize, place, SET) } {
        // SAFETY: the words are ours. It is volatile because the compiler has not seen the kernel write.
        0 => Ok(unsafe { ptr::read_volatile(&raw const action) }),
        _ => Err(io::Error::last_os_error()),
    }
}

struct Installing {
    next: Box<Action>,
    /// How the calls of kill at the end may be refused.
    untimed: Untimed,
}

// SAFETY: the action is in a box of its own.
unsafe impl Call for Installing {
    const NUMBER: libc::c_long = libc::SYS_rt_sigaction;

    fn arguments(&mut self) -> [i64; 6] {
        let [one, two] = [count, count_two].map(|handler: extern "C" fn(c_int)| handler as usize as u64);
        self.next[0] = if self.next[0] == one { two } else { one };
        [SIGNAL.into(), (&raw const *self.next) as i64, 0, SET, 0, 0]
    }

    fn worked(&mut self, result: i64) -> io::Result<bool> {
        Ok(result == 0 && installed()? == *self.next)
    }

    fn finish(&mut self) -> io::Result<()> {
        for _ in 0..KILLS {
            // SAFETY: asks whether this process may send itself a signal, and sends none.
            if unsafe { libc::kill(libc::getpid(), 0) } != 0 {
                self.untimed.ignore(Err(io::Error::last_os_error()))?;
            }
        }
        Ok(())
    }
}

struct Catching {
    this: i64,
    /// How many signals had been caught before.
    caught: u64,
}

// SAFETY: no argument is an address.
unsafe impl Call for Catching {
    const NUMBER: libc::c_long = libc::SYS_kill;

    fn arguments(&mut self) -> [i64; 6] {
        self.caught = CAUGHT.load(Ordering::Relaxed);
        [self.this, SIGNAL.into(), 0, 0, 0, 0]
    }

    fn worked(&mut self, result: i64) -> io::Result<bool> {
        Ok(result == 0 && CAUGHT.load(Ordering::Relaxed) == self.caught + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::companion::wait;

    fn catch() -> io::Result<bool> {
        let mut catching = Catch.prepare(Params::NONE, Enforcement::Observes)?;
        let all_passed = (0..3).all(|_| catching.run_once().is_ok_and(|timed| timed.refused.is_none()));
        Ok(all_passed && catching.effect()? == Effect::Returned(3))
    }

    #[test]
    fn a_process_with_one_thread_catches_its_signals_at_once() {
        // SAFETY: the child catches its signals and leaves without running destructors.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let code = c_int::from(!catch().unwrap_or(false));
            // SAFETY: leaves.
            unsafe { libc::_exit(code) }
        }
        assert_eq!(wait(child).unwrap(), 0);
    }
}
