//! The events that a monitor sees besides those of the timed operations. hookbench's own processes also open files, fork
//! and send signals. For behaviours of that kind, a rehearsal makes one operation in a worker that does all that the timed
//! one does. What the monitor then saw too many of, it sees too many of again.

use std::thread::sleep;

use anyhow::{Context, Result};
use hookbench_model::protocol::CellSpec;
use hookbench_probes::Scope;
use hookbench_probes::attach::{Attached, Blind, EventCounts};

use super::Subject;
use super::patience::{BETWEEN_LOOKS, LOOKS};
use super::prepared::Prepared;
use super::work::Work;
use super::worker;
use crate::no_number::NoNumber;

/// See the module.
pub(super) struct Foreign {
    /// What the monitor had seen before the timed worker began.
    before: EventCounts,
    /// How many events of a worker do not belong to its operations.
    more: u64,
}

impl Foreign {
    /// Rehearses, if the behaviour is one that hookbench performs itself and no other process can. Under `none` too, so
    /// that the timed worker always finds the same machine.
    ///
    /// # Errors
    /// When the rehearsal fails, or the monitor does not tell what it saw.
    pub(super) fn rehearse(
        subject: Subject,
        work: Work,
        prepared: &Prepared,
        attached: &mut dyn Attached,
    ) -> Result<Option<Foreign>, NoNumber> {
        if !subject.behaviour.busy || prepared.stage.is_shared() {
            return Ok(None);
        }
        let spec = CellSpec { samples: 1, fault: None, ..work.spec.clone() };
        let work = Work { spec: &spec, warmup: 0, trial: true, ..work };
        let begin = settled(attached)?;
        worker::run(work, prepared, &mut Blind)?;
        let before = settled(attached)?;
        let of_the_operation = work.workload.expected(&spec.params, work.enforcement, 1).events;
        // A monitor of the worker alone was not on this one.
        let seen = match subject.monitor.sink.scope {
            Scope::System => before.seen - begin.seen,
            Scope::Process => 0,
        };
        Ok(Some(Foreign { before, more: seen.saturating_sub(of_the_operation) }))
    }

    /// What the monitor saw of the operations.
    ///
    /// # Errors
    /// When it does not tell.
    pub(super) fn seen_besides(&self, attached: &mut dyn Attached) -> Result<EventCounts> {
        let EventCounts { seen, lost } = settled(attached)?;
        let seen = seen.saturating_sub(self.before.seen).saturating_sub(self.more);
        Ok(EventCounts { seen, lost: lost.saturating_sub(self.before.lost) })
    }
}

/// What the monitor has seen, once its readers have had time to catch up. It looks once: to look may raise events.
fn settled(attached: &mut dyn Attached) -> Result<EventCounts> {
    sleep(BETWEEN_LOOKS * LOOKS);
    attached.seen().context("failed to ask the monitor what it saw")
}
