//! The session on this machine itself: the same agent as a child process, one cell at a
//! time. The agent writes each change to the kernel into a ledger before it makes it
//! (`ledger.rs`); `machine.rs` describes the machine.

mod arch;
mod child;
mod ledger;
pub mod machine;
mod session;
mod warnings;

use anyhow::Result;
use hookbench_model::Cell;
use hookbench_probes::Monitor;

use child::Agent;
use ledger::Ledger;
pub use machine::release;
pub use session::HostSession;

/// The monitors of `cells` that deny operations of, or kill, other processes on this
/// machine.
pub fn enforcing<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<String> {
    let stops = |monitor: Monitor| monitor.sink.stops();
    let mut names: Vec<String> = cells
        .filter(|cell| hookbench_probes::find(&cell.monitor).is_some_and(stops))
        .map(|cell| cell.monitor.to_string())
        .collect();
    names.dedup();
    names
}

/// Undoes what a killed run left behind. Returns a description of each undone change.
///
/// # Errors
/// When a run is in progress, or a change cannot be undone.
pub fn clean() -> Result<Vec<String>> {
    let ledger = Ledger::lock()?;
    if !ledger.is_left()? {
        return Ok(Vec::new());
    }
    Agent::write()?.settle(&ledger.file())
}

/// Tries what cells can do on this machine. Returns lines for `hookbench doctor`.
///
/// # Errors
/// When the agent does not start.
pub fn probe() -> Result<String> {
    Agent::write()?.probe()
}
