//! Ways: the different calls by which a workload can perform its behaviour, as a user namespace is made by unshare
//! or by clone. A way is one file and one row in its workload's `ways`. What all ways share is in `workload.rs`.

use std::io;

use hookbench_model::param::{ParamInfo, Values};
use hookbench_model::{Enforcement, Params};

use crate::effect::{Effect, Operations};
use crate::operation::Operation;

/// The name of the parameter that chooses a way.
pub(crate) const PARAMETER: &str = "way";

/// One way. An implementation is stateless; the state is in its [`Operation`].
pub trait Way: Sync {
    /// What is fixed about it.
    fn facts(&self) -> WayFacts;

    /// Sets up for operations with `params`, which are complete and valid, under a monitor with this
    /// `enforcement`. If the monitor kills, a child has to make the operations.
    ///
    /// # Errors
    /// When the process cannot be set up for it.
    fn prepare(&self, params: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>>;

    /// What so many operations leave behind, none of which was killed.
    fn effect(&self, params: &Params, operations: Operations) -> Effect;
}

/// What is fixed about a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WayFacts {
    /// The value of the parameter `way`, if the workload has several: `execveat`.
    pub name: &'static str,
    /// The numbers of the system calls that are timed, for a clock that distinguishes calls. Empty if the timed
    /// section is a whole command.
    pub calls: &'static [u32],
    /// Whether a child of the worker makes the operation, or a part of it.
    pub in_children: bool,
    /// How many events of the workload's behaviour an operation raises.
    pub events: u64,
    /// How many [`Operation::finish`] raises.
    pub events_at_end: u64,
    /// Whether an operation may raise more events than that.
    pub at_least: bool,
}

impl WayFacts {
    /// A way with one event an operation. The worker makes it itself, and the timed section is a whole command.
    pub(crate) const fn new(name: &'static str) -> Self {
        Self { name, calls: &[], in_children: false, events: 1, events_at_end: 0, at_least: false }
    }
}

/// The parameter of a workload with several ways: its values are the ways' names, and a plan that does not choose
/// gets a cell for each.
pub(crate) const fn parameter(names: &'static [&'static str]) -> ParamInfo {
    let about = "how the operation is made";
    ParamInfo { name: PARAMETER, values: Values::Words(names), usual: names, about }
}
