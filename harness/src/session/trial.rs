//! The trial cell: a few system calls without a monitor, to find out whether guests run
//! at all.

use hookbench_model::protocol::CellSpec;
use hookbench_model::{Cell, MonitorName, Outcome, Schedule, Target};

use crate::session::Session;

/// Boots or restores a guest with `kernel` and times getppid.
pub(crate) fn getppid(session: &dyn Session, kernel: &str) -> Outcome {
    let (cell, spec) = cell(kernel, session.environment().target);
    session.run(&cell, &spec).outcome
}

/// The trial cell on `kernel`.
pub(super) fn cell(kernel: &str, target: Target) -> (Cell, CellSpec) {
    let cell = Cell {
        kernel: kernel.into(),
        target,
        boot: Default::default(),
        workload: "null-syscall".into(),
        params: Default::default(),
        schedule: Schedule::Burst,
        monitor: MonitorName::none(),
        tuning: Default::default(),
    };
    let spec = CellSpec {
        workload: cell.workload.clone(),
        params: cell.params.clone(),
        monitor: cell.monitor.clone(),
        tuning: cell.tuning.clone(),
        schedule: cell.schedule,
        samples: 20,
        warmup: 5,
        budget: 60,
        work: None,
        fault: None,
    };
    (cell, spec)
}
