//! What a monitor adds: each cell beside the same cell under `none`.

use crate::{Measurement, Run, Summary};

/// A cell's median beside that of its baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Added {
    /// `p50(monitor) − p50(none)` in the clock's unit; negative when the
    /// operation became cheaper, as a refused one does.
    pub p50: i64,
    /// `p50(monitor) / p50(none)`.
    pub ratio: f64,
}

/// What `measurement` adds to its baseline in `run`; `None` without numbers on
/// both sides. The baseline itself adds 0.
pub fn added(run: &Run, measurement: &Measurement) -> Option<Added> {
    let own = p50(measurement)?;
    let base = p50(run.find(&measurement.cell.baseline())?)?;
    let difference = i128::from(own) - i128::from(base);
    let p50 = difference.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    Some(Added { p50, ratio: own as f64 / base as f64 })
}

fn p50(measurement: &Measurement) -> Option<u64> {
    Summary::of(&measurement.measured()?.samples).map(|summary| summary.p50)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Clock, Environment, Measured, MonitorName, Outcome, Schedule, Target};

    fn measurement(monitor: &str, samples: &[u64]) -> Measurement {
        Measurement {
            cell: Cell {
                kernel: "6.1".into(),
                target: Target::Tcg,
                workload: "null-syscall".into(),
                params: Default::default(),
                schedule: Schedule::Paced,
                monitor: monitor.parse::<MonitorName>().unwrap(),
            },
            clock: Clock::Instructions,
            history: None,
            outcome: Outcome::Measured(Measured { samples: samples.into(), ..Default::default() }),
        }
    }

    fn run(measurements: Vec<Measurement>) -> Run {
        Run { schema: 1, plan: "test".into(), environment: Environment::default(), measurements }
    }

    #[test]
    fn added_is_the_difference_of_medians() {
        let run = run(vec![measurement("none", &[100, 100, 101]), measurement("audit+rules", &[150])]);
        assert_eq!(added(&run, &run.measurements[1]), Some(Added { p50: 50, ratio: 1.5 }));
        assert_eq!(added(&run, &run.measurements[0]).map(|added| added.p50), Some(0));
    }

    #[test]
    fn without_a_baseline_nothing_is_added() {
        let run = run(vec![measurement("audit+rules", &[150])]);
        assert_eq!(added(&run, &run.measurements[0]), None);
    }
}
