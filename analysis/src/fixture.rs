//! Small runs for the tests of this crate.

use hookbench_model::{
    Attribution, Cell, Clock, Failure, FailureKind, Measured, Measurement, Outcome, Schedule, Share, Target,
};
use hookbench_results::{Environment, Run};

/// A cell with these samples. Cells differ only by the monitor.
pub(crate) fn measured(monitor: &str, samples: &[u64]) -> Measurement {
    with(monitor, Outcome::Measured(Measured { samples: samples.into(), ..Default::default() }))
}

/// A cell with one sample whose monitor costs `direct` in 98 of 100 operations.
pub(crate) fn attributed(monitor: &str, p50: u64, direct: i64) -> Measurement {
    let share = Share { operations: 98, of: 100 };
    let parts = Attribution {
        direct_p50: direct,
        direct_share: share,
        direct_min: direct,
        direct_max: direct.saturating_add(50),
        ..Default::default()
    };
    with_attribution(monitor, p50, parts)
}

/// A cell with one sample and this attribution.
pub(crate) fn with_attribution(monitor: &str, p50: u64, parts: Attribution) -> Measurement {
    let measured = Measured { samples: vec![p50], attribution: Some(parts), ..Default::default() };
    with(monitor, Outcome::Measured(measured))
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
    Run {
        schema: 1,
        plan: "test".into(),
        shard: None,
        environment: Environment::default(),
        measurements,
        scenarios: Vec::new(),
    }
}
