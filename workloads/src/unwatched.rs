//! What workloads that perform no watched behaviour share. They call mprotect after their last operation, because
//! otherwise a deaf monitor could pass for a cheap one.

use std::io;
use std::ptr;

use hookbench_model::Enforcement;

use crate::denial::Untimed;
use crate::{Denial, Effect, Operation, Timed, WayFacts};

/// The behaviour that they perform at their end.
pub(crate) const BEHAVIOUR: &str = "mprotect";

/// More than one: a monitor that sees only its first event has to fail.
pub(crate) const MPROTECTS: u64 = 2;

impl WayFacts {
    /// A way like that of [`WayFacts::new`] whose operations raise no event.
    pub(crate) const fn unwatched(name: &'static str) -> Self {
        Self { events: 0, events_at_end: MPROTECTS, ..Self::new(name) }
    }
}

impl Denial {
    /// The denial of operations that no policy stops. What a custom monitor has to stop, the user says.
    pub(crate) fn of_unwatched(enforcement: Enforcement) -> Option<Denial> {
        match enforcement {
            Enforcement::Expects(_) => Denial::of_every_operation(enforcement),
            _ => None,
        }
    }
}

/// The operation `O`, with the calls of mprotect at its end.
pub(crate) struct Unwatched<O> {
    operation: O,
    /// How the calls of mprotect may be refused.
    untimed: Untimed,
}

impl<O: Operation + 'static> Unwatched<O> {
    /// `operation`, ready for a worker under a monitor with this `enforcement`.
    #[expect(clippy::new_ret_no_self, reason = "the worker only knows operations")]
    pub(crate) fn new(operation: O, enforcement: Enforcement) -> Box<dyn Operation> {
        Box::new(Self { operation, untimed: Untimed::under(enforcement) })
    }
}

impl<O: Operation> Operation for Unwatched<O> {
    fn arm(&mut self) -> io::Result<()> {
        self.operation.arm()
    }

    fn run_once(&mut self) -> io::Result<Timed> {
        self.operation.run_once()
    }

    fn settle(&mut self) -> io::Result<()> {
        self.operation.settle()
    }

    fn effect(&mut self) -> io::Result<Effect> {
        self.operation.effect()
    }

    fn finish(&mut self) -> io::Result<()> {
        self.operation.finish()?;
        mprotects(self.untimed)
    }
}

/// A page of constants, which may be read and not written.
#[repr(C, align(4096))]
struct Witness([u8; PAGE]);

const PAGE: usize = 4096;
static WITNESS: Witness = Witness([0; PAGE]);

/// The calls of mprotect. `untimed` says how they may be refused.
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
