//! Expands a plan to cells in canonical order, which is that of the tables, whatever the
//! order in the plan.

use anyhow::{Result, bail, ensure};
use hookbench_model::{Cell, Params, Target};
use hookbench_results::samples::MOST as MOST_SAMPLES;

use crate::plan::{Plan, Products};
use crate::tables::{monitor_names, workload_names};

/// A cell, with what a plan says about it that is not in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The cell.
    pub cell: Cell,
    /// The number of timed operations.
    pub samples: u32,
    /// The number of operations before them, which are not timed.
    pub warmup: u32,
}

/// The most cells in a plan: more than a week's work.
const MOST_CELLS: usize = 100_000;

impl Plan {
    /// The plan's cells on these kernels, in canonical order, each once.
    ///
    /// # Errors
    /// When a name, a glob or a parameter is unknown, or there are too many cells.
    pub fn cells(&self, kernels: &[String]) -> Result<Vec<Planned>> {
        let mut planned = Vec::new();
        for products in &self.cells {
            for kernel in kernels.iter().filter(|kernel| products.are_for(kernel)) {
                planned.extend(products.cells(kernel)?);
                ensure!(planned.len() <= MOST_CELLS, "the plan has more than {MOST_CELLS} cells");
            }
        }
        let (workloads, monitors) = (workload_names(), monitor_names());
        // Custom workloads and monitors come after built-in ones, in the order of their names.
        let place =
            |names: &[String], name: &str| names.iter().position(|known| known == name).unwrap_or(usize::MAX);
        planned.sort_by_cached_key(|Planned { cell, .. }| {
            let monitor = cell.monitor.to_string();
            (
                kernels.iter().position(|kernel| *kernel == cell.kernel),
                place(&workloads, &cell.workload),
                cell.workload.clone(),
                cell.params.clone(),
                cell.boot,
                cell.schedule,
                place(&monitors, &monitor),
                monitor,
                tuning_key(&cell.tuning),
            )
        });
        planned.dedup_by(|later, first| later.cell == first.cell);
        Ok(planned)
    }
}

/// A sort key that orders numeric values by number.
fn tuning_key(tuning: &Params) -> Vec<(String, u32, String)> {
    tuning.iter().map(|(name, value)| (name.into(), value.parse().unwrap_or(0), value.into())).collect()
}

impl Products {
    fn are_for(&self, kernel: &String) -> bool {
        self.kernels.is_empty() || self.kernels.contains(kernel)
    }

    /// The product of the lists on one kernel, in the order of the lists.
    fn cells(&self, kernel: &str) -> Result<Vec<Planned>> {
        let (workloads, monitors) = (self.workload_names()?, self.tuned_monitors()?);
        let (boots, schedules) = (self.boots()?, self.distinct_schedules());
        let mut planned = Vec::new();
        for workload in &workloads {
            let Some(info) = hookbench_workloads::info(workload) else { continue };
            let (samples, warmup) = (self.samples.unwrap_or(info.samples), info.warmup);
            if !(1..=MOST_SAMPLES).contains(&(samples as usize)) {
                bail!("cannot time {samples} operations of {workload}; choose 1 to {MOST_SAMPLES}");
            }
            for params in info.products(&self.params_for(&info.parameters()))? {
                for (&schedule, &boot) in schedules.iter().flat_map(|s| boots.iter().map(move |b| (s, b))) {
                    planned.extend(monitors.iter().map(|(monitor, tuning)| {
                        let (monitor, tuning) = (monitor.clone(), tuning.clone());
                        let (kernel, workload, params) = (kernel.into(), workload.clone(), params.clone());
                        let target = Target::Tcg;
                        let cell = Cell { kernel, target, boot, workload, params, schedule, monitor, tuning };
                        Planned { cell, samples, warmup }
                    }));
                }
            }
        }
        Ok(planned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::Schedule;

    use crate::named::NAMED;

    fn names(planned: &[Planned]) -> Vec<String> {
        planned.iter().map(|planned| planned.cell.to_string()).collect()
    }

    fn plan(workloads: &[&str], monitors: &[&str]) -> Plan {
        let strings = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let products =
            Products { workloads: strings(workloads), monitors: strings(monitors), ..Products::default() };
        Plan { name: "test".into(), cells: vec![products], ..Plan::default() }
    }

    #[test]
    fn every_named_plan_expands_to_cells() {
        for (name, _) in NAMED {
            let plan = Plan::open(name).unwrap();
            assert_eq!(plan.name, *name);
            assert!(!plan.cells(&["6.1".into()]).unwrap().is_empty());
        }
    }

    /// Published runs are of these cells.
    #[test]
    fn new_workloads_are_in_no_older_plan() {
        let new = Plan::open("operations").unwrap();
        let new: Vec<&String> = new.cells.iter().flat_map(|products| &products.workloads).collect();
        for name in ["quick", "full", "sweeps", "cpus"] {
            for planned in Plan::open(name).unwrap().cells(&["6.1".into()]).unwrap() {
                assert!(!new.contains(&&planned.cell.workload), "{name} has {}", planned.cell);
            }
        }
    }

    #[test]
    fn the_quick_plan_has_twelve_monitors_and_four_workloads() {
        let cells = Plan::open("quick").unwrap().cells(&["6.1".into()]).unwrap();
        let count = |part: fn(&Cell) -> String| {
            cells.iter().map(|planned| part(&planned.cell)).collect::<std::collections::BTreeSet<_>>().len()
        };
        assert_eq!(count(|cell| cell.monitor.to_string()), 12);
        assert_eq!(count(|cell| cell.workload.clone()), 4);
        insta::assert_snapshot!(names(&cells).join("\n"));
    }

    #[test]
    fn the_order_in_a_plan_does_not_matter_and_the_baseline_is_added() {
        let one = plan(&["mprotect-*", "null-syscall"], &["kprobe+count", "audit+rules"]);
        let two = plan(&["null-syscall", "mprotect-storm"], &["audit+rules", "kprobe+count", "kprobe+count"]);
        let kernels = ["6.1".to_string()];
        assert_eq!(one.cells(&kernels).unwrap(), two.cells(&kernels).unwrap());
        assert_eq!(
            names(&one.cells(&kernels).unwrap())[..2],
            ["6.1/tcg/null-syscall/paced/none", "6.1/tcg/null-syscall/paced/audit+rules"]
        );
    }

    #[test]
    fn cells_may_be_for_some_of_the_kernels() {
        let mut plan = plan(&["read"], &["none"]);
        plan.cells.push(plan.cells[0].clone());
        plan.cells[1].workloads = vec!["write".into()];
        plan.cells[1].kernels = vec!["6.1".into()];
        let cells = names(&plan.cells(&["5.10".into(), "6.1".into()]).unwrap());
        let expected = ["5.10/tcg/read/paced/none", "6.1/tcg/read/paced/none", "6.1/tcg/write/paced/none"];
        assert_eq!(cells, expected);
    }

    #[test]
    fn a_value_applies_to_what_can_have_it_and_others_keep_their_defaults() {
        let mut plan = plan(&["mprotect-storm", "connect"], &["none"]);
        plan.cells[0].params.insert("to".into(), vec!["r".into()]);
        let cells = names(&plan.cells(&["6.1".into()]).unwrap());
        let expected = ["mprotect-storm[to=r]", "connect[to=tcp]", "connect[to=unix]", "connect[to=refused]"];
        assert_eq!(cells.len(), expected.len());
        for workload in expected {
            assert!(cells.contains(&format!("6.1/tcg/{workload}/paced/none")), "{cells:?}");
        }
        plan.cells[0].params.insert("to".into(), vec!["r".into(), "udp".into()]);
        assert!(plan.cells(&["6.1".into()]).unwrap_err().to_string().contains("cannot have to=udp"));
        plan.cells[0].params.insert("to".into(), vec!["tcp".into()]);
        plan.cells[0].workloads = vec!["mprotect-storm".into()];
        assert!(plan.cells(&["6.1".into()]).unwrap_err().to_string().contains("cannot have to=tcp"));
    }

    #[test]
    fn a_parameter_applies_to_what_has_it_and_an_unknown_one_is_an_error() {
        let mut plan = plan(&["null-syscall", "execve-noop"], &["none"]);
        plan.cells[0].params.insert("env_pages".into(), vec!["32".into()]);
        assert_eq!(plan.cells(&["6.1".into()]).unwrap().len(), 2);
        plan.cells[0].params.insert("speed".into(), vec!["9".into()]);
        assert!(plan.cells(&["6.1".into()]).unwrap_err().to_string().contains("unknown parameter \"speed\""));
    }

    #[test]
    fn a_placebo_follows_its_monitor_and_none_has_none() {
        let mut plan =
            plan(&["null-syscall"], &["kprobe+count", "seccomp+allow", "bpf:a/x.o[min=3]", "cmd:true"]);
        let monitors = |plan: &Plan| -> Vec<String> {
            let cells = plan.cells(&["6.1".into()]).unwrap();
            cells.iter().map(|planned| planned.cell.tuned_monitor()).collect()
        };
        let without = monitors(&plan);
        plan.cells[0].params.insert("placebo".into(), vec!["yes".into(), "no".into()]);
        let with = monitors(&plan);
        assert_eq!(
            with,
            [
                "none",
                "kprobe+count",
                "kprobe+count[placebo=yes]",
                "seccomp+allow",
                "seccomp+allow[placebo=yes]",
                "bpf:x.o[min=3]",
                "bpf:x.o[min=3 placebo=yes]",
                "cmd:true",
                "cmd:true[placebo=yes]",
            ]
        );
        assert_eq!(
            with.iter().filter(|name| !name.contains("placebo")).collect::<Vec<_>>(),
            without.iter().collect::<Vec<_>>()
        );
        plan.cells[0].monitors = vec!["bpf:a/x.o[placebo=yes]".into()];
        assert_eq!(monitors(&plan), ["none", "bpf:x.o[placebo=yes]"]);
        plan.cells[0].params.insert("placebo".into(), vec!["maybe".into()]);
        for monitor in ["kprobe+count", "bpf:x.o"] {
            plan.cells[0].monitors = vec![monitor.into()];
            let error = plan.cells(&["6.1".into()]).unwrap_err().to_string();
            assert_eq!(error, format!("{monitor} cannot have placebo=maybe; it takes no|yes"));
        }
    }

    #[test]
    fn repeated_values_are_planned_once() {
        let mut plan = plan(&["execve-noop"], &["none"]);
        plan.cells[0].params.insert("env_pages".into(), vec!["0".into(); 10_000]);
        plan.cells[0].params.insert("ld_preload".into(), vec!["ignored".into(); 10_000]);
        plan.cells[0].schedules = vec![Schedule::Burst; 10_000];
        assert_eq!(plan.cells(&["6.1".into()]).unwrap().len(), 1);
    }

    #[test]
    fn a_plan_with_too_many_cells_is_refused() {
        let plan = plan(&["*"], &["*"]);
        let kernels: Vec<String> = (0..5_000).map(|number| number.to_string()).collect();
        assert_eq!(plan.cells(&kernels).unwrap_err().to_string(), "the plan has more than 100000 cells");
    }

    #[test]
    fn a_cell_without_operations_is_refused() {
        let mut plan = plan(&["null-syscall"], &["none"]);
        plan.cells[0].samples = Some(0);
        assert!(plan.cells(&["6.1".into()]).is_err());
    }
}
