//! Merges the shards of a plan into the run that one machine would have measured. Reading and
//! writing the runs is the business of `store.rs`.

use std::collections::HashSet;

use crate::environment::{Environment, KernelRecord};
use crate::{Run, Shard};
use hookbench_model::Cell;

/// Why runs cannot be merged.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum MergeError {
    /// A run is not a shard.
    #[error("{0} is not a shard; only runs measured with `run --shard K/N` can be merged")]
    NotAShard(String),
    /// Some shards are missing.
    #[error("of {total} shards these are missing: {missing}")]
    Missing {
        /// The number of shards of the plan.
        total: u32,
        /// The missing ones.
        missing: String,
    },
    /// Two runs do not belong together.
    #[error("{one} and {other} cannot be merged: {why}")]
    Mismatch {
        /// The first run.
        one: String,
        /// The other run.
        other: String,
        /// What differs.
        why: String,
    },
    /// Two runs have the same cell.
    #[error("{one} and an earlier shard both have the cell {cell}")]
    Duplicate {
        /// The later run.
        one: String,
        /// The cell.
        cell: String,
    },
}

/// Merges shards, given with their names in any order.
///
/// # Errors
/// If a run is not a shard, a shard is missing, two shards have the same cell, or one was
/// measured with a different hookbench or kernel than the others.
pub fn merge(mut named: Vec<(String, Run)>) -> Result<Run, MergeError> {
    for (name, run) in &named {
        run.shard.ok_or_else(|| MergeError::NotAShard(name.clone()))?;
    }
    named.sort_by_key(|(_, run)| run.shard.map(Shard::number));
    let mut shards = named.into_iter();
    let Some((first, mut whole)) = shards.next() else {
        return Err(MergeError::Missing { total: 0, missing: "all".into() });
    };
    let mut numbers: Vec<u32> = whole.shard.map(Shard::number).into_iter().collect();
    let mut cells: HashSet<Cell> = whole.measurements.iter().map(|m| m.cell.clone()).collect();
    for (name, run) in shards {
        let mismatch = |why: String| MergeError::Mismatch { one: first.clone(), other: name.clone(), why };
        if (run.plan != whole.plan) || run.shard.map(Shard::total) != whole.shard.map(Shard::total) {
            return Err(mismatch("their plans or their numbers of shards differ".into()));
        }
        numbers.extend(run.shard.map(Shard::number));
        merge_environment(&mut whole.environment, run.environment).map_err(mismatch)?;
        for measurement in run.measurements {
            if !cells.insert(measurement.cell.clone()) {
                return Err(MergeError::Duplicate { one: name, cell: measurement.cell.to_string() });
            }
            whole.measurements.push(measurement);
        }
        for cell in run.scenarios {
            if whole.scenarios.iter().any(|known| known.is_same(&cell)) {
                return Err(MergeError::Duplicate { one: name, cell: cell.to_string() });
            }
            whole.scenarios.push(cell);
        }
    }
    let total = whole.shard.map_or(0, Shard::total);
    let missing: Vec<String> = (1..=total).filter(|n| !numbers.contains(n)).map(|n| n.to_string()).collect();
    if !missing.is_empty() {
        return Err(MergeError::Missing { total, missing: missing.join(", ") });
    }
    whole.shard = None;
    Ok(whole)
}

/// Adds the kernels of another shard. Everything else has to be the same.
///
/// # Errors
/// If something differs; the error says what.
fn merge_environment(whole: &mut Environment, part: Environment) -> Result<(), String> {
    let without = |environment: &Environment| Environment { kernels: Vec::new(), ..environment.clone() };
    if without(whole) != without(&part) {
        return Err("their environments differ, for example in QEMU or the agent; measure all shards with the same hookbench and QEMU".into());
    }
    for kernel in part.kernels {
        match whole.kernels.iter_mut().find(|known| known.name == kernel.name) {
            None => whole.kernels.push(kernel),
            Some(known) if known.before_cells() == kernel.before_cells() => {
                for (label, modules) in kernel.security_modules {
                    known.add_security_modules(label, modules);
                }
            }
            Some(KernelRecord { name, version, .. }) => {
                return Err(format!(
                    "the kernel {name} is {version} in one and {} in the other; measure all shards with the same kernel",
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
        Run { schema: 1, plan: "p".into(), shard, environment, measurements, scenarios: Vec::new() }
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
    fn shards_in_any_order_merge_into_the_run_of_one_machine() {
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
    fn runs_that_do_not_belong_together_are_refused_with_the_reason() {
        let cases = [
            (error(|parts| _ = parts.remove(2)), "of 3 shards these are missing: 2"),
            (error(Vec::clear), "missing"),
            (error(|parts| parts[0].1.shard = None), "c is not a shard"),
            (error(|parts| parts[0].1.plan = "q".into()), "a and c cannot be merged: their plans"),
            (error(|parts| parts[0].1.shard = "3/4".parse().ok()), "numbers of shards differ"),
            (error(|parts| parts[0].1.environment.qemu = "8".into()), "QEMU"),
            (error(|parts| parts[0].1.environment.kernels[0].version = "9".into()), "the kernel 6.12 is"),
            (
                error(|parts| parts[0].1.measurements[0] = measurement("6.1", "a")),
                "both have the cell 6.1/tcg/a",
            ),
        ];
        for (message, part) in cases {
            assert!(message.contains(part), "{message:?} has no {part:?}");
        }
    }
}
