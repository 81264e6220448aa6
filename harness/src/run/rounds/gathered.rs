//! The rounds of a cell so far, and what they become when the last one has ended.

use std::time::Duration;

use hookbench_model::{Cell, Measured, Measurement, Outcome};
use hookbench_results::attachments::Attachment;

use super::combine::combine;
use crate::run::runner::Event;
use crate::session::{Answered, Session};

/// The rounds of a cell so far.
#[derive(Default)]
pub(super) struct Gathered {
    rounds: Vec<Measured>,
    /// The outcome of a round that was not measured; it ends the cell.
    ended: Option<Outcome>,
    /// The attachments of the last round. Those of different rounds have no common form in
    /// which they could be combined.
    attachments: Vec<Attachment>,
    took: Duration,
}

impl Gathered {
    pub(super) fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    pub(super) fn add(&mut self, answered: Answered, took: Duration) {
        self.took += took;
        self.attachments = answered.attachments;
        match answered.outcome {
            Outcome::Measured(measured) => self.rounds.push(measured),
            other => self.ended = Some(other),
        }
    }

    /// The end of `cell`, whose rounds these are.
    pub(super) fn into_event(self, session: &dyn Session, cell: &Cell) -> Event {
        let measurement = Measurement {
            cell: cell.clone(),
            clock: session.clock(),
            history: session.history(cell),
            outcome: self.ended.unwrap_or_else(|| Outcome::Measured(combine(self.rounds))),
        };
        Event::Ended { measurement: Box::new(measurement), attachments: self.attachments, took: self.took }
    }
}
