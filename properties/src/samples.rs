//! The file with the samples of a run.

use hookbench_analysis::Summary;
use hookbench_model::{Cell, Clock, Measured, Measurement, MonitorName, Outcome, Schedule, Target};
use hookbench_results::{Environment, Run, samples};

use crate::memory;

/// Two growing vectors of samples, and what reading takes in addition.
const ROOM: usize = 2 * 2 * 8 * samples::MOST + (256 << 10);

/// Samples that are written and read again are the same. Memory is bounded, also for a
/// small file that unpacks to a large one. Statistics are in order.
pub fn holds(bytes: &[u8]) {
    let mut run = without_samples();
    if memory::within(ROOM, || samples::unpack(bytes, &mut run)).is_err() {
        return;
    }
    let mut again = without_samples();
    let packed = samples::pack(&run).expect("memory");
    samples::unpack(&packed[..], &mut again).expect("what was written is read");
    assert_eq!(again, run);
    for measured in run.measurements.iter().filter_map(Measurement::measured) {
        assert!(measured.samples.len() <= samples::MOST);
        summary(&measured.samples);
    }
}

/// Percentiles are measured values, in order. The mean is between the smallest and the
/// largest.
pub fn summary(samples: &[u64]) {
    let Some(Summary { n, min, p50, p90, p99, max, mean }) = Summary::from_samples(samples) else {
        return assert!(samples.is_empty());
    };
    assert_eq!(n, samples.len());
    assert!([min, p50, p90, p99, max].is_sorted());
    assert!([min, p50, p90, p99, max].iter().all(|value| samples.contains(value)));
    // The sum of large numbers is rounded.
    assert!((min as f64 * 0.999_999..=max as f64 * 1.000_001).contains(&mean), "{mean}");
}

/// Two cells with numbers and one without.
fn without_samples() -> Run {
    let cell = Cell {
        kernel: "6.1".into(),
        target: Target::Tcg,
        boot: Default::default(),
        workload: "null-syscall".into(),
        params: Default::default(),
        schedule: Schedule::Paced,
        monitor: MonitorName::none(),
        tuning: Default::default(),
    };
    let measured = || Outcome::Measured(Measured::default());
    let measurements = [measured(), Outcome::Skipped(String::new()), measured()]
        .map(|outcome| Measurement { cell: cell.clone(), clock: Clock::Instructions, history: None, outcome })
        .into();
    Run {
        schema: 1,
        plan: "test".into(),
        shard: None,
        environment: Environment::default(),
        measurements,
        scenarios: Vec::new(),
    }
}
