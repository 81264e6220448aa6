//! Matches kernels on hardware with kernels in TCG: by the caller's map, by name, or by
//! series if only one kernel is of that series.

use std::collections::{BTreeMap, BTreeSet};

use super::error::CorrelationError;
use super::sides::HardwareAndTcg;
use hookbench_model::KernelVersion;
use hookbench_results::Run;

/// Returns the kernel in TCG of each kernel on hardware that has one.
///
/// # Errors
/// If `mapped` names a kernel that its run does not have, or if several kernels match.
pub(super) fn matched(
    runs: &HardwareAndTcg<&Run>,
    mapped: &[(String, String)],
) -> Result<BTreeMap<String, String>, CorrelationError> {
    let (hardware, tcg) = (names(runs.hardware), names(runs.tcg));
    if let Some((from, to)) = mapped.iter().find(|(from, to)| !hardware.contains(from) || !tcg.contains(to)) {
        return Err(CorrelationError::NoKernel(format!("{from}={to}"), listed(&hardware), listed(&tcg)));
    }
    let mut found = BTreeMap::new();
    for kernel in hardware {
        let chosen = mapped.iter().find(|(from, _)| *from == kernel).map(|(_, to)| to);
        if let Some(same) = chosen.or_else(|| tcg.get(&kernel)) {
            found.insert(kernel, same.clone());
            continue;
        }
        let wanted = series(runs.hardware, &kernel);
        let candidates: BTreeSet<String> =
            tcg.iter().filter(|name| wanted.is_some() && series(runs.tcg, name) == wanted).cloned().collect();
        if candidates.len() > 1 {
            return Err(CorrelationError::Ambiguous { kernel, candidates: listed(&candidates) });
        }
        found.extend(candidates.into_iter().next().map(|same| (kernel, same)));
    }
    Ok(found)
}

/// Returns the kernels of a run.
pub(super) fn names(run: &Run) -> BTreeSet<String> {
    run.measurements.iter().map(|measurement| measurement.cell.kernel.clone()).collect()
}

/// Lists names for an error. Long ones are cut.
pub(super) fn listed(names: &BTreeSet<String>) -> String {
    let shown: Vec<String> = names.iter().map(|name| name.chars().take(80).collect()).collect();
    if shown.is_empty() { "none".into() } else { shown.join(", ") }
}

/// Returns the major and minor version of a kernel, from its record or its name.
fn series(run: &Run, kernel: &str) -> Option<KernelVersion> {
    let record = run.environment.kernels.iter().find(|record| record.name == kernel);
    let recorded = record.and_then(|record| record.version.parse().ok());
    // On hardware the record has `uname -v`, which begins with `#1 SMP` and is no version.
    recorded.or_else(|| kernel.parse().ok())
}
