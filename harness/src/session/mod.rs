//! A session runs cells on one kind of machine: guests under TCG with the exact clock
//! (`guests/exact.rs`), guests under KVM (`guests/kvm.rs`), or this machine itself
//! (`host/`). Runners know only the trait, so all of them, and tests without a machine,
//! look the same.

pub mod embedded;
mod environment;
pub mod guests;
pub mod hardware;
pub mod host;
pub(crate) mod trial;
mod validate;

use hookbench_model::protocol::CellSpec;
use hookbench_model::{Cell, Clock, Failure, FailureKind, History, Outcome};
use hookbench_results::Environment;
use hookbench_results::attachments::Attachment;

/// Runs cells. Several threads may run cells at the same time.
pub trait Session: Sync {
    /// The environment in which the session measures, which the run records.
    fn environment(&self) -> &Environment;

    /// How the guest of `cell` reaches its start; `None` without guests.
    fn history(&self, cell: &Cell) -> Option<History>;

    /// Cells of the same group are faster one after the other. By default all cells are of one group.
    fn group(&self, _cell: &Cell) -> String {
        String::new()
    }

    /// Runs one cell until it ends. A failure is an outcome too.
    fn run(&self, cell: &Cell, spec: &CellSpec) -> Answered;

    /// The clock of its samples.
    fn clock(&self) -> Clock {
        self.environment().clock
    }
}

/// What a cell ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The outcome.
    pub outcome: Outcome,
    /// Files that belong to the cell, at most one of each kind.
    pub attachments: Vec<Attachment>,
}

impl From<Outcome> for Answered {
    fn from(outcome: Outcome) -> Answered {
        Answered { outcome, attachments: Vec::new() }
    }
}

impl Answered {
    /// The end of a cell that `error` prevented from running.
    fn prevented(kind: FailureKind, error: &anyhow::Error) -> Answered {
        Outcome::Failed(Failure { kind, message: format!("{error:#}"), console: Vec::new() }).into()
    }
}
