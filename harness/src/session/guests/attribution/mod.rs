//! Attributes the instructions of operations to call paths, with a plugin in QEMU. The guest is the same to the
//! instruction with and without the plugin, so each operation's instructions add up to its sample; that is checked for
//! each of them.

mod attributor;
mod baselines;
mod neighbours;
mod plugin_file;
mod profile;
mod recent;
mod sections;
mod symbols;
mod trace;
mod traced;

use hookbench_model::Measured;
use hookbench_vm::attribution::{Path, Symbols, Window};

pub(super) use attributor::{Attributor, Divided, undivided};
pub(super) use baselines::order as baseline_order;
pub use neighbours::{Neighbour, Neighbours};
pub(super) use recent::Recent;
pub(super) use symbols::KernelSymbols;
pub use trace::Trace;
pub(super) use traced::Subject;

/// An attributed cell.
#[derive(Debug, Clone)]
pub struct Attributed {
    /// The cell's numbers.
    pub measured: Measured,
    /// The call paths.
    pub paths: Vec<Path>,
    /// The instructions of each operation, by call path. Their sum is the operation's sample.
    pub operations: Vec<Window>,
    /// The names of functions.
    pub symbols: Symbols,
}
