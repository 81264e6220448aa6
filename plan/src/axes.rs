//! The axes of [`Products`]: the workloads, boots and monitors that its names, globs and
//! values select.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use hookbench_model::boot::{MEMORY, MOST_CPUS, USUAL_MEMORY};
use hookbench_model::param::{self, PLACEBO, ParamInfo};
use hookbench_model::{Boot, MonitorName, Params, Profile, Schedule};
use hookbench_workloads::WORKLOADS;
use hookbench_workloads::custom::ask;

use crate::custom::custom_monitor_name;
use crate::plan::Products;
use crate::select::select;
use crate::tables::{monitor_names, workload_names};

impl Products {
    /// The selected built-in workloads, and the custom ones.
    pub(crate) fn workload_names(&self) -> Result<Vec<String>> {
        let mut all = Vec::new();
        let mut built_in = Vec::new();
        for text in &self.workloads {
            match ask::name(text)? {
                Some(custom) => all.push(custom),
                None => built_in.push(text.clone()),
            }
        }
        if !built_in.is_empty() || all.is_empty() {
            all.extend(select("workload", &built_in, &workload_names())?);
        }
        Ok(all)
    }

    /// The schedules. A repeated value counts once; it must not multiply the cells.
    pub(crate) fn distinct_schedules(&self) -> BTreeSet<Schedule> {
        let mut schedules: BTreeSet<Schedule> = self.schedules.iter().copied().collect();
        if schedules.is_empty() {
            schedules.insert(Schedule::default());
        }
        schedules
    }

    /// The products of profiles, numbers of CPUs and sizes of memory.
    pub(crate) fn boots(&self) -> Result<BTreeSet<Boot>> {
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
    pub(crate) fn tuned_monitors(&self) -> Result<Vec<(MonitorName, Params)>> {
        let mut names = self.monitors.clone();
        names.push(MonitorName::none().to_string());
        let mut all = Vec::new();
        let mut built_in = Vec::new();
        for text in names {
            let Some((name, tuning)) = custom_monitor_name(&text)? else {
                built_in.push(text);
                continue;
            };
            let infos = if tuning.get(PLACEBO.name).is_some() { &[][..] } else { &[PLACEBO] };
            for placebo in param::products(&name.to_string(), infos, &self.params_for(infos))? {
                let pairs = without_defaults(placebo, infos);
                let pairs =
                    tuning.iter().chain(pairs.iter()).map(|(name, value)| (name.into(), value.into()));
                all.push((name.clone(), pairs.collect()));
            }
        }
        for name in select("monitor", &built_in, &monitor_names())? {
            let name: MonitorName = name.parse()?;
            let infos = hookbench_probes::find(&name).map_or(Vec::new(), |monitor| monitor.params());
            for tuning in param::products(&name.to_string(), &infos, &self.params_for(&infos))? {
                all.push((name.clone(), without_defaults(tuning, &infos)));
            }
        }
        Ok(all)
    }

    /// The parameters that apply to a workload or monitor with `infos`: those that it has, with the values that it can
    /// have. A parameter that nothing has, and a value that no chosen workload can have, apply to everything, so they cause
    /// an error.
    pub(crate) fn params_for(&self, infos: &[ParamInfo]) -> BTreeMap<String, Vec<String>> {
        let own = |name: &str| infos.iter().find(|param| param.name == name);
        let applies = |name: &str, value: &str| {
            own(name).is_some_and(|param| param.values.allow(value)) || !self.any_workload_allows(name, value)
        };
        let pairs = self.params.iter().filter(|(name, _)| own(name).is_some() || !is_any_parameter(name));
        let values = pairs.map(|(name, values)| {
            let once: BTreeSet<String> =
                values.iter().filter(|value| applies(name, value)).cloned().collect();
            (name.clone(), once.into_iter().collect::<Vec<_>>())
        });
        values.filter(|(_, values)| !values.is_empty()).collect()
    }

    /// Whether a chosen workload has a parameter of this name that can have this value.
    fn any_workload_allows(&self, name: &str, value: &str) -> bool {
        let chosen = self.workload_names().unwrap_or_default();
        let params =
            chosen.iter().filter_map(|name| hookbench_workloads::info(name)).flat_map(|info| info.params);
        params.into_iter().any(|param| param.name == name && param.values.allow(value))
    }
}

/// Whether any workload or monitor has a parameter of this name.
fn is_any_parameter(name: &str) -> bool {
    let of_workloads = WORKLOADS.iter().flat_map(|workload| workload.info().parameters());
    let of_monitors = hookbench_probes::monitors().flat_map(|monitor| monitor.params());
    of_workloads.chain(of_monitors).any(|param| param.name == name)
}

/// The values in `tuning` that differ from the default: a cell's name shows only those.
fn without_defaults(tuning: Params, infos: &[ParamInfo]) -> Params {
    let usual = |name: &str, value: &str| {
        infos.iter().any(|info| info.name == name && info.usual.first() == Some(&value))
    };
    let kept = tuning.iter().filter(|(name, value)| !usual(name, value));
    kept.map(|(name, value)| (name.to_string(), value.to_string())).collect()
}
