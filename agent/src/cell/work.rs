//! What a worker has to do. How it is started is in `worker.rs`, and how it does it in `operate.rs`.

use hookbench_model::protocol::CellSpec;
use hookbench_model::{Behaviour, Enforcement};
use hookbench_workloads::Workload;

/// What a worker has to do.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    /// The cell.
    pub(super) spec: &'a CellSpec,
    /// Its workload.
    pub(super) workload: &'a dyn Workload,
    /// What the monitor does with the operations.
    pub(super) enforcement: Enforcement,
    /// The number of untimed operations before the timed ones.
    pub(super) warmup: u32,
    /// Whether its operations are only tried: nobody attributes their instructions.
    pub(super) trial: bool,
}

impl Work<'_> {
    /// Whether hookbench's own processes perform the workload's behaviour, too.
    pub(super) fn is_busy(&self) -> bool {
        Behaviour::find(self.workload.info().behaviour).is_some_and(|row| row.busy)
    }

    /// How many operations are made, the untimed ones included.
    pub(super) fn operations(&self) -> u64 {
        u64::from(self.warmup) + u64::from(self.spec.samples)
    }
}
