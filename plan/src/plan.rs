//! A plan says which cells to measure. It comes from TOML or the command line and may
//! contain globs. It expands to cells in canonical order, which is that of the tables,
//! whatever the order in the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use hookbench_model::boot::{MEMORY, MOST_CPUS, USUAL_MEMORY};
use hookbench_model::param::{self, ParamInfo};
use hookbench_model::{Boot, Cell, MonitorName, Params, Profile, Schedule, Target};
use hookbench_results::samples::MOST as MOST_SAMPLES;
use hookbench_workloads::WORKLOADS;
use hookbench_workloads::custom::ask;
use serde::{Deserialize, Serialize};

use crate::custom_name;
use crate::select::select;

/// The plans that come with hookbench, by name.
pub const NAMED: &[(&str, &str)] = &[
    ("quick", include_str!("../plans/quick.toml")),
    ("full", include_str!("../plans/full.toml")),
    ("sweeps", include_str!("../plans/sweeps.toml")),
    ("cpus", include_str!("../plans/cpus.toml")),
];

/// A plan, as its file contains it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The name of the plan, which the run records.
    pub name: String,
    /// What the plan is for.
    #[serde(default)]
    pub about: String,
    /// Kernels by name or path; empty for the default one.
    #[serde(default)]
    pub kernels: Vec<String>,
    /// A regular expression that the output of a monitor command must match before the
    /// command counts as ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,
    /// The payload of commands: names of Debian packages, paths of files and folders.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bring: Vec<String>,
    /// The exit code that a workload command must return; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expect_exit: Option<i32>,
    /// What to measure; each entry expands to the product of its lists.
    pub cells: Vec<Products>,
}

/// A set of cells: every workload under every monitor, with every value.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Products {
    /// Names, globs, or custom workloads such as `syscalls:PATH/NAME.toml`.
    pub workloads: Vec<String>,
    /// Names, globs, or custom monitors such as `bpf:PATH/NAME.o`. `none` is always added,
    /// as the baseline.
    pub monitors: Vec<String>,
    /// Schedules; `paced` by default.
    #[serde(default)]
    pub schedules: Vec<Schedule>,
    /// Boot profiles; `lean` by default.
    #[serde(default)]
    pub profiles: Vec<Profile>,
    /// Numbers of CPUs; one by default.
    #[serde(default)]
    pub cpus: Vec<u16>,
    /// The guest's memory in MiB; 256 by default.
    #[serde(default)]
    pub memory: Vec<u32>,
    /// Values of workload and monitor parameters. A parameter that is not listed has its
    /// default values.
    #[serde(default)]
    pub params: BTreeMap<String, Vec<String>>,
    /// The number of operations to time; the workload's number by default.
    #[serde(default)]
    pub samples: Option<u32>,
}

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
    /// Opens the plan called `name`, or the plan in the file `name`.
    ///
    /// # Errors
    /// When neither exists, or the file is not a plan.
    pub fn open(name: &str) -> Result<Plan> {
        if let Some((_, text)) = NAMED.iter().find(|(known, _)| *known == name) {
            return toml::from_str(text).with_context(|| format!("failed to read the plan {name}"));
        }
        let path = Path::new(name);
        if !path.exists() {
            let known: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
            bail!("no plan {name:?}: there is no such file; known plans: {}", known.join(", "));
        }
        let text = fs::read_to_string(path).with_context(|| format!("failed to read the plan {name}"))?;
        toml::from_str(&text).with_context(|| format!("failed to parse the plan {name}"))
    }

    /// The plan's cells on these kernels, in canonical order, each once.
    ///
    /// # Errors
    /// When a name, a glob or a parameter is unknown, or there are too many cells.
    pub fn cells(&self, kernels: &[String]) -> Result<Vec<Planned>> {
        let mut planned = Vec::new();
        for products in &self.cells {
            for kernel in kernels {
                planned.extend(products.on(kernel)?);
                ensure!(planned.len() <= MOST_CELLS, "the plan has more than {MOST_CELLS} cells");
            }
        }
        let monitors = monitor_names();
        planned.sort_by_cached_key(|Planned { cell, .. }| {
            (
                kernels.iter().position(|kernel| *kernel == cell.kernel),
                // Custom workloads come after built-in ones, in the order of their names.
                WORKLOADS
                    .iter()
                    .position(|workload| workload.info().name == cell.workload)
                    .unwrap_or(usize::MAX),
                cell.workload.clone(),
                cell.params.clone(),
                cell.boot,
                cell.schedule,
                monitors.iter().position(|known| *known == cell.monitor.to_string()).unwrap_or(usize::MAX),
                cell.monitor.to_string(),
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

/// The names of all monitors, in the order of the table.
pub fn monitor_names() -> Vec<String> {
    hookbench_probes::monitors().map(|monitor| monitor.name().to_string()).collect()
}

/// The names of all workloads, in the order of the table.
pub fn workload_names() -> Vec<String> {
    WORKLOADS.iter().map(|workload| workload.info().name.to_string()).collect()
}

impl Products {
    fn on(&self, kernel: &str) -> Result<Vec<Planned>> {
        let workloads = self.workloads()?;
        let (monitors, boots) = (self.monitors()?, self.boots()?);
        // A repeated value counts once; it must not multiply the cells.
        let mut schedules: BTreeSet<Schedule> = self.schedules.iter().copied().collect();
        if schedules.is_empty() {
            schedules.insert(Schedule::default());
        }
        let mut planned = Vec::new();
        for workload in &workloads {
            let Some(info) = hookbench_workloads::info(workload) else { continue };
            let samples = self.samples.unwrap_or(info.samples);
            if !(1..=MOST_SAMPLES).contains(&(samples as usize)) {
                bail!("cannot time {samples} operations of {workload}; choose 1 to {MOST_SAMPLES}");
            }
            for params in info.products(&self.meant_for(info.params))? {
                for (&schedule, &boot) in schedules.iter().flat_map(|s| boots.iter().map(move |b| (s, b))) {
                    for (monitor, tuning) in &monitors {
                        let cell = Cell {
                            kernel: kernel.into(),
                            target: Target::Tcg,
                            boot,
                            workload: workload.clone(),
                            params: params.clone(),
                            schedule,
                            monitor: monitor.clone(),
                            tuning: tuning.clone(),
                        };
                        planned.push(Planned { cell, samples, warmup: info.warmup });
                    }
                }
            }
        }
        Ok(planned)
    }

    /// The selected built-in workloads, and the custom ones.
    fn workloads(&self) -> Result<Vec<String>> {
        let mut all = Vec::new();
        let mut ours = Vec::new();
        for text in &self.workloads {
            match ask::name(text)? {
                Some(own) => all.push(own),
                None => ours.push(text.clone()),
            }
        }
        if !ours.is_empty() || all.is_empty() {
            all.extend(select("workload", &ours, &workload_names())?);
        }
        Ok(all)
    }

    /// The products of profiles, numbers of CPUs and sizes of memory.
    fn boots(&self) -> Result<BTreeSet<Boot>> {
        let profiles = if self.profiles.is_empty() { &[Profile::Lean][..] } else { &self.profiles };
        let cpus = if self.cpus.is_empty() { &[1][..] } else { &self.cpus };
        if let Some(wrong) = cpus.iter().find(|cpus| !(1..=MOST_CPUS).contains(cpus)) {
            bail!("a guest cannot have {wrong} CPUs; choose 1 to {MOST_CPUS}");
        }
        let memory = if self.memory.is_empty() { &[USUAL_MEMORY][..] } else { &self.memory };
        if let Some(wrong) = memory.iter().find(|memory| !MEMORY.contains(memory)) {
            bail!("a guest cannot have {wrong} MiB of memory; choose {} to {}", MEMORY.start(), MEMORY.end());
        }
        let mut boots = BTreeSet::new();
        for &profile in profiles {
            for &cpus in cpus {
                boots.extend(memory.iter().map(|&memory_mib| Boot { profile, cpus, memory_mib }));
            }
        }
        Ok(boots)
    }

    /// The monitors with each product of their parameters.
    fn monitors(&self) -> Result<Vec<(MonitorName, Params)>> {
        let mut names = self.monitors.clone();
        names.push(MonitorName::none().to_string());
        let mut all = Vec::new();
        let mut ours = Vec::new();
        for text in names {
            match custom_name::parse(&text)? {
                Some(own) => all.push(own),
                None => ours.push(text),
            }
        }
        for name in select("monitor", &ours, &monitor_names())? {
            let name: MonitorName = name.parse()?;
            let infos = hookbench_probes::find(&name).map_or(&[][..], |monitor| monitor.sink.params);
            for tuning in param::products(&name.to_string(), infos, &self.meant_for(infos))? {
                all.push((name.clone(), unusual(tuning, infos)));
            }
        }
        Ok(all)
    }

    /// The parameters that apply to a workload or monitor with `infos`: those that it
    /// has. A parameter that nothing has applies to everything, so it causes an error.
    fn meant_for(&self, infos: &[ParamInfo]) -> BTreeMap<String, Vec<String>> {
        let has = |name: &str| infos.iter().any(|param| param.name == name);
        let pairs = self.params.iter().filter(|(name, _)| has(name) || !somebody_has(name));
        let once = |values: &[String]| values.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        pairs.map(|(name, values)| (name.clone(), once(values))).collect()
    }
}

/// Whether any workload or monitor has a parameter of this name.
fn somebody_has(name: &str) -> bool {
    let of_workloads = WORKLOADS.iter().flat_map(|workload| workload.info().params);
    let of_monitors = hookbench_probes::monitors().flat_map(|monitor| monitor.sink.params);
    of_workloads.chain(of_monitors).any(|param| param.name == name)
}

/// The values in `tuning` that differ from the default: a cell's name shows only those.
fn unusual(tuning: Params, infos: &[ParamInfo]) -> Params {
    let usual = |name: &str, value: &str| {
        infos.iter().any(|info| info.name == name && info.usual.first() == Some(&value))
    };
    let kept = tuning.iter().filter(|(name, value)| !usual(name, value));
    kept.map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(planned: &[Planned]) -> Vec<String> {
        planned.iter().map(|planned| planned.cell.to_string()).collect()
    }

    fn plan(workloads: &[&str], monitors: &[&str]) -> Plan {
        let strings = |names: &[&str]| names.iter().map(|name| name.to_string()).collect();
        let products =
            Products { workloads: strings(workloads), monitors: strings(monitors), ..Products::default() };
        Plan {
            name: "test".into(),
            about: String::new(),
            kernels: vec![],
            ready: None,
            bring: vec![],
            expect_exit: None,
            cells: vec![products],
        }
    }

    #[test]
    fn every_named_plan_expands_to_cells() {
        for (name, _) in NAMED {
            let plan = Plan::open(name).unwrap();
            assert_eq!(plan.name, *name);
            assert!(!plan.cells(&["6.1".into()]).unwrap().is_empty());
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
    fn a_parameter_applies_to_what_has_it_and_an_unknown_one_is_an_error() {
        let mut plan = plan(&["null-syscall", "execve-noop"], &["none"]);
        plan.cells[0].params.insert("env_pages".into(), vec!["32".into()]);
        assert_eq!(plan.cells(&["6.1".into()]).unwrap().len(), 2);
        plan.cells[0].params.insert("speed".into(), vec!["9".into()]);
        assert!(plan.cells(&["6.1".into()]).unwrap_err().to_string().contains("no parameter \"speed\""));
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
