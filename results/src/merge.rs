//! The shards of a plan, put together to the run that one machine would have made.
//! Pure: where they lie is not known here.

use std::collections::HashSet;

use crate::environment::{Environment, KernelRecord};
use crate::{Run, Shard};
use hookbench_model::Cell;

/// Why runs are not one run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// Runs that are no shards.
    #[error("{0} is no shard; only what `run --shard K/N` measured can be merged")]
    Whole(String),
    /// Some of the shards are not there.
    #[error("of {of} shards these are missing: {missing}")]
    Missing {
        /// How many there are.
        of: u32,
        /// Which are not there.
        missing: String,
    },
    /// Not parts of one plan.
    #[error("{one} and {other} are not of one plan: {why}")]
    Strangers {
        /// The first of the runs.
        one: String,
        /// Another.
        other: String,
        /// What differs.
        why: String,
    },
    /// A cell in two of them.
    #[error("{one} and an earlier one both have the cell {cell}")]
    Twice {
        /// The later run.
        one: String,
        /// The cell.
        cell: String,
    },
}

/// The run whose shards `named` are, with their names, in any order.
///
/// # Errors
/// When one is no shard, is missing, or was measured by another hookbench or on
/// another kernel than the others.
pub fn merge(mut named: Vec<(String, Run)>) -> Result<Run, Error> {
    for (name, run) in &named {
        run.shard.ok_or_else(|| Error::Whole(name.clone()))?;
    }
    named.sort_by_key(|(_, run)| run.shard.map(Shard::number));
    let mut shards = named.into_iter();
    let Some((first, mut whole)) = shards.next() else {
        return Err(Error::Missing { of: 0, missing: "all".into() });
    };
    let mut numbers: Vec<u32> = whole.shard.map(Shard::number).into_iter().collect();
    let mut cells: HashSet<Cell> = whole.measurements.iter().map(|m| m.cell.clone()).collect();
    for (name, run) in shards {
        let strangers = |why: String| Error::Strangers { one: first.clone(), other: name.clone(), why };
        if (run.plan != whole.plan) || run.shard.map(Shard::of) != whole.shard.map(Shard::of) {
            return Err(strangers("another plan, or another number of shards".into()));
        }
        numbers.extend(run.shard.map(Shard::number));
        join(&mut whole.environment, run.environment).map_err(strangers)?;
        for measurement in run.measurements {
            if !cells.insert(measurement.cell.clone()) {
                return Err(Error::Twice { one: name, cell: measurement.cell.to_string() });
            }
            whole.measurements.push(measurement);
        }
    }
    let of = whole.shard.map_or(0, Shard::of);
    let missing: Vec<String> = (1..=of).filter(|n| !numbers.contains(n)).map(|n| n.to_string()).collect();
    if !missing.is_empty() {
        return Err(Error::Missing { of, missing: missing.join(", ") });
    }
    whole.shard = None;
    Ok(whole)
}

/// Adds the kernels of another shard; all else has to be the same.
fn join(whole: &mut Environment, part: Environment) -> Result<(), String> {
    let without = |environment: &Environment| Environment { kernels: Vec::new(), ..environment.clone() };
    if without(whole) != without(&part) {
        return Err("QEMU, the agent or what it runs on is another".into());
    }
    for kernel in part.kernels {
        match whole.kernels.iter().find(|known| known.name == kernel.name) {
            None => whole.kernels.push(kernel),
            Some(known) if *known == kernel => {}
            Some(KernelRecord { name, version, .. }) => {
                return Err(format!(
                    "the kernel {name} is {version} in one, and {} in the other",
                    kernel.version
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::{Clock, Measurement, MonitorName, Outcome, Schedule, Target};

    fn measurement(kernel: &str, workload: &str) -> Measurement {
        let cell = Cell {
            kernel: kernel.into(),
            target: Target::Tcg,
            boot: Default::default(),
            workload: workload.into(),
            params: Default::default(),
            schedule: Schedule::Burst,
            monitor: MonitorName::none(),
            tuning: Default::default(),
        };
        let outcome = Outcome::Skipped("not asked for".into());
        Measurement { cell, clock: Clock::Instructions, history: None, outcome }
    }

    fn kernels(names: &[&str]) -> Vec<KernelRecord> {
        names.iter().map(|name| KernelRecord { name: name.to_string(), ..Default::default() }).collect()
    }

    fn run(shard: Option<&str>, measurements: Vec<Measurement>, names: &[&str]) -> Run {
        let environment = Environment { kernels: kernels(names), ..Default::default() };
        let shard = shard.map(|shard| shard.parse().unwrap());
        Run { schema: 1, plan: "p".into(), shard, environment, measurements }
    }

    fn parts() -> Vec<(String, Run)> {
        vec![
            ("c".into(), run(Some("3/3"), vec![measurement("6.12", "c")], &["6.12"])),
            ("a".into(), run(Some("1/3"), vec![measurement("6.1", "a")], &["6.1"])),
            (
                "b".into(),
                run(Some("2/3"), vec![measurement("6.1", "b"), measurement("6.12", "b")], &["6.1", "6.12"]),
            ),
        ]
    }

    #[test]
    fn shards_in_any_order_are_the_run_of_one_machine() {
        let cells = [("6.1", "a"), ("6.1", "b"), ("6.12", "b"), ("6.12", "c")];
        let cells = cells.map(|(kernel, workload)| measurement(kernel, workload)).to_vec();
        assert_eq!(merge(parts()).unwrap(), run(None, cells, &["6.1", "6.12"]));
    }

    fn error(change: impl FnOnce(&mut Vec<(String, Run)>)) -> String {
        let mut parts = parts();
        change(&mut parts);
        merge(parts).unwrap_err().to_string()
    }

    #[test]
    fn what_does_not_belong_together_is_said() {
        let told = [
            (error(|parts| _ = parts.remove(2)), "of 3 shards these are missing: 2"),
            (error(Vec::clear), "missing"),
            (error(|parts| parts[0].1.shard = None), "c is no shard"),
            (error(|parts| parts[0].1.plan = "q".into()), "a and c are not of one plan"),
            (error(|parts| parts[0].1.shard = "3/4".parse().ok()), "number of shards"),
            (error(|parts| parts[0].1.environment.qemu = "8".into()), "QEMU"),
            (error(|parts| parts[0].1.environment.kernels[0].version = "9".into()), "the kernel 6.12 is"),
            (
                error(|parts| parts[0].1.measurements[0] = measurement("6.1", "a")),
                "both have the cell 6.1/tcg/a",
            ),
        ];
        for (said, part) in told {
            assert!(said.contains(part), "{said:?} has no {part:?}");
        }
    }
}
