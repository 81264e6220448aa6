//! A session: where a cell is run. The runner knows nothing else of machines,
//! so that hardware, and tests without any machine, are only more of these.

use hookbench_model::protocol::CellSpec;
use hookbench_model::{Cell, Clock, History, Outcome};

/// Runs cells, several at once if asked to from several threads.
pub trait Session: Sync {
    /// What its numbers count.
    fn clock(&self) -> Clock;

    /// What its guests have behind them when a cell begins; `None` without guests.
    fn history(&self) -> Option<History>;

    /// Runs one cell to its end, whatever that is.
    fn run(&self, cell: &Cell, spec: &CellSpec) -> Outcome;
}
