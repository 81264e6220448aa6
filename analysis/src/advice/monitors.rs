//! Costs from runs of workloads: the monitor with the mechanism and the sink of a policy, on the workload of the
//! behaviour. The monitor is not the policy. It has one hook, and acts on each operation.

use hookbench_model::{Boot, Cell, Measured, MonitorName, Params, Schedule, Target};
use hookbench_results::Run;

use super::cost::{Cost, CostOf, CostSource};
use crate::Summary;

/// The operation that a policy for a scenario lets through, by the scenario whose policies are used: the workload and
/// its parameters.
const OPERATIONS: &[(&str, &str, &str)] = &[
    ("userns", "unshare-burst", "as=root"),
    ("exec", "execve-noop", "env_pages=0 ld_preload=ignored"),
    ("execmem", "mprotect-storm", "to=r"),
];

/// The monitor for each policy. That of seccomp lets the operation through: what a filter refuses is not what it
/// costs. Some policies have none.
const MONITORS: &[(&str, &str)] = &[
    ("tracepoint+watch", "raw-tracepoint+ringbuf"),
    ("bpf-lsm+watch", "bpf-lsm+ringbuf"),
    ("bpf-lsm+deny", "bpf-lsm+deny"),
    ("bpf-lsm+kill", "bpf-lsm+kill"),
    ("audit+watch", "audit+reader"),
    ("fentry+watch", "fentry+ringbuf"),
    ("fmod-ret+deny", "fmod-ret+deny"),
    ("seccomp+deny", "seccomp+allow-args"),
    ("landlock+deny", "landlock+fs"),
    ("fanotify+deny", "fanotify+perm"),
];

/// The end of the name of a policy that knows all calls or hooks.
const COMPLETE: &str = "[complete]";

/// The costs of monitors in runs of workloads.
#[derive(Debug, Clone, Copy)]
pub struct OfMonitors<'r> {
    runs: &'r [Run],
}

impl<'r> OfMonitors<'r> {
    /// The costs in `runs`. Those of the first run count.
    pub fn new(runs: &'r [Run]) -> OfMonitors<'r> {
        OfMonitors { runs }
    }
}

impl CostSource for OfMonitors<'_> {
    fn costs(&self, kernel: &str, scenario: &str, policy: &str) -> Vec<Cost> {
        self.cost(kernel, scenario, policy).into_iter().collect()
    }
}

impl OfMonitors<'_> {
    fn cost(&self, kernel: &str, scenario: &str, policy: &str) -> Option<Cost> {
        let policies_of = hookbench_scenarios::find(scenario)?.policy;
        let (_, workload, params) = OPERATIONS.iter().find(|(scenario, ..)| *scenario == policies_of)?;
        let (textbook, at_least) = match policy.strip_suffix(COMPLETE) {
            Some(textbook) => (textbook, true),
            None => (policy, false),
        };
        let (_, monitor) = MONITORS.iter().find(|(policy, _)| *policy == textbook)?;
        let cell = Cell {
            kernel: kernel.into(),
            target: Target::Tcg,
            boot: Boot::default(),
            workload: (*workload).into(),
            params: params.parse().ok()?,
            schedule: Schedule::Paced,
            monitor: monitor.parse::<MonitorName>().ok()?,
            tuning: Params::default(),
        };
        let cost = self.runs.iter().find_map(|run| of_cell(run, &cell))?;
        Some(Cost { at_least, ..cost })
    }
}

/// The cost in `cell`. A cell that refused its operation does not say what an allowed one costs.
fn of_cell(run: &Run, cell: &Cell) -> Option<Cost> {
    let measured = |cell: &Cell| run.find(cell).filter(|found| found.clock.is_exact())?.measured();
    let of_monitor =
        measured(cell).filter(|measured| measured.refused.is_none() && !measured.is_unproven())?;
    let hook = of_monitor.attribution.as_ref()?.direct_p50;
    let p50 = |measured: &Measured| Some(Summary::from_samples(&measured.samples)?.p50);
    let operation = p50(measured(&cell.baseline())?)?;
    let side_effects = p50(of_monitor).map(|p50| {
        let rest = i128::from(p50) - i128::from(operation) - i128::from(hook);
        rest.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    });
    Some(Cost { side_effects, ..Cost::new(hook, operation, CostOf::Monitor, [cell.to_string()]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_have_names_that_exist() {
        for (policy, monitor) in MONITORS {
            assert!(policy.parse::<hookbench_scenarios::PolicyName>().is_ok(), "{policy}");
            assert!(monitor.parse::<MonitorName>().is_ok(), "{monitor}");
        }
        for (scenario, _, params) in OPERATIONS {
            assert!(hookbench_scenarios::find(scenario).is_some(), "{scenario}");
            assert!(params.parse::<Params>().is_ok(), "{params}");
        }
    }
}
