//! Small runs for the tests of this crate.

use hookbench_model::{Cell, Clock, Failure, FailureKind, Measured, Measurement, Outcome, Schedule, Target};
use hookbench_results::{Environment, Run};

/// A cell with these samples. Cells differ only by the monitor.
pub(crate) fn measured(monitor: &str, samples: &[u64]) -> Measurement {
    with(monitor, Outcome::Measured(Measured { samples: samples.into(), ..Default::default() }))
}

/// A cell with this outcome.
pub(crate) fn with(monitor: &str, outcome: Outcome) -> Measurement {
    let cell = Cell {
        kernel: "6.1".into(),
        target: Target::Tcg,
        boot: Default::default(),
        workload: "mprotect-storm".into(),
        params: "to=r".parse().unwrap(),
        schedule: Schedule::Paced,
        monitor: monitor.parse().unwrap(),
        tuning: Default::default(),
    };
    Measurement { cell, clock: Clock::Instructions, history: None, outcome }
}

/// A failed outcome.
pub(crate) fn failed() -> Outcome {
    Outcome::Failed(Failure { kind: FailureKind::Timeout, message: "late".into(), console: Vec::new() })
}

/// A run of these cells.
pub(crate) fn run(measurements: Vec<Measurement>) -> Run {
    Run { schema: 1, plan: "test".into(), shard: None, environment: Environment::default(), measurements }
}
