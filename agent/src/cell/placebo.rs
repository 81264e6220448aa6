//! A placebo: the monitor is attached and detached again before the operations. What it leaves behind, such as other
//! lists of the kernel's allocators, is then in the number, and its hook is not.

use anyhow::{Context, Result};
use hookbench_model::{Behaviour, FailureKind};
use hookbench_probes::attach::Attached;

use super::Subject;
use crate::no_number::NoNumber;

/// A monitor that has been detached.
pub(super) struct Placebo<'a> {
    subject: Subject<'a>,
    /// The events that it saw before the operations. `None` if it does not see any, or if other processes make events:
    /// its reader may read those late.
    seen: Option<u64>,
}

impl Placebo<'_> {
    /// Detaches `attached`, on a machine that may be `shared` with other processes.
    ///
    /// # Errors
    /// When something could not be undone.
    pub(super) fn of<'a>(
        subject: Subject<'a>,
        attached: &mut dyn Attached,
        shared: bool,
    ) -> Result<Placebo<'a>> {
        attached.detach().context("failed to detach for a placebo")?;
        let mut placebo = Placebo { subject, seen: None };
        if subject.monitor.sink.sees() && !shared {
            placebo.seen = Some(placebo.counted(attached)?);
        }
        Ok(placebo)
    }

    /// Fails if the monitor saw any of the operations.
    pub(super) fn check(&self, attached: &mut dyn Attached) -> Result<(), NoNumber> {
        let Some(before) = self.seen else { return Ok(()) };
        let more = self.counted(attached)?.saturating_sub(before);
        if more == 0 {
            return Ok(());
        }
        let Behaviour { name, .. } = self.subject.behaviour;
        let message = format!("{} saw {more} {name} events after it was detached", self.subject.spec.monitor);
        Err(NoNumber::failure(FailureKind::EventsMismatch, message))
    }

    fn counted(&self, attached: &mut dyn Attached) -> Result<u64> {
        let counts = attached.seen()?;
        Ok(counts.seen + counts.lost)
    }
}
