//! What a monitor that stops operations does to those of a workload. How monitors stop them is in the mechanisms'
//! crate.

use std::io;

use hookbench_model::{Enforcement, Refusal};

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
