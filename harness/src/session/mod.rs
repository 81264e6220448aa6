//! A session runs cells on one kind of machine. The runner knows only this trait, so
//! guests, hardware and tests without a machine look the same to it.

pub mod guests;
pub mod host;

use hookbench_model::protocol::CellSpec;
use hookbench_model::{Cell, Clock, History, Outcome};

/// Runs cells. Several threads may run cells at the same time.
pub trait Session: Sync {
    /// The clock of its samples.
    fn clock(&self) -> Clock;

    /// How its guests reach the start of a cell; `None` without guests.
    fn history(&self) -> Option<History>;

    /// Runs one cell until it ends. A failure is an outcome too.
    fn run(&self, cell: &Cell, spec: &CellSpec) -> Outcome;
}
