//! What a monitor that stops operations does to those of a workload. How monitors stop them is in the mechanisms'
//! crate.

use std::io;

use hookbench_model::policy::{ALLOWED_CALLS, Policy};
use hookbench_model::{DenyScope, Enforcement, Refusal};

/// How a monitor that stops operations has to stop those of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// So many operations pass; the monitor stops all others.
    pub after_operations: u32,
    /// How those end.
    pub refusal: Refusal,
}

impl Denial {
    /// The denial by a monitor that stops every operation; `None` if the enforcement stops none.
    pub(crate) fn of_every_operation(enforcement: Enforcement) -> Option<Denial> {
        enforcement.refusal().map(|refusal| Denial { after_operations: 0, refusal })
    }

    /// The denial of operations by a monitor with this `enforcement`, if each raises `events` events of a behaviour with
    /// this `policy`, in a task with all privileges.
    pub(crate) fn by(policy: Policy, events: u32, enforcement: Enforcement) -> Option<Denial> {
        let all = Denial::of_every_operation(enforcement)?;
        match (enforcement, policy) {
            // What a custom monitor refuses, it refuses from the first one on.
            (Enforcement::Denies(DenyScope::Everyone) | Enforcement::Expects(_), _) => Some(all),
            (_, Policy::AfterCalls) => Some(Denial { after_operations: ALLOWED_CALLS / events, ..all }),
            (_, Policy::Unprivileged | Policy::LdPreload) => None,
        }
    }

    /// Why operations that the worker makes itself cannot be measured: this denial ends their maker.
    pub(crate) fn ends_worker(denial: Option<Denial>) -> Option<&'static str> {
        let why = "the worker itself makes the operation, and the monitor would kill it; no child makes it in its place";
        denial.is_some_and(Denial::kills).then_some(why)
    }

    /// Whether the process that makes the operation is killed for it.
    pub fn kills(self) -> bool {
        matches!(self.refusal, Refusal::Signal(_))
    }
}

/// How an untimed call may be refused.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Untimed(i32);

impl Untimed {
    /// As the timed calls are under a monitor with this `enforcement`.
    pub(crate) fn under(enforcement: Enforcement) -> Untimed {
        match enforcement.refusal() {
            Some(Refusal::Errno(number)) => Untimed(number),
            _ => Untimed(libc::EPERM),
        }
    }

    /// Accepts a refusal of an untimed call, which may be refused as a timed one may. Only how the timed calls end
    /// counts.
    pub(crate) fn ignore(self, result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.raw_os_error() == Some(self.0) => Ok(()),
            other => other,
        }
    }
}
