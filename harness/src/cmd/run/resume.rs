//! `--resume`: which measurements of an interrupted run the resumed run keeps, and which
//! it measures again.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hookbench_model::{Cell, History, Measurement, Outcome};
use hookbench_results::journal::JournalContents;
use hookbench_results::store::{JOURNAL_FILE, Journal, describe};
use hookbench_results::{Environment, Run};

use crate::cmd::say;
use crate::run::folder::{Holds, holds};
use hookbench_plan::Planned;

/// The measurements of the interrupted run in `folder`; `None` if it ended before it
/// wrote its description.
///
/// # Errors
/// Those of [`read_journal`].
pub(super) fn read_earlier(folder: &Path, run: &Run) -> Result<Option<HashMap<Cell, Measurement>>> {
    let found = read_journal(folder, run)?;
    Ok(found.map(|found| {
        let measured = found.measurements.into_iter();
        measured.map(|measurement| (measurement.cell.clone(), measurement)).collect()
    }))
}

/// The journal of the interrupted run in `folder`; `None` if it ended before it wrote its description.
///
/// # Errors
/// When the folder has no run, or that run's shard or environment differs from `run`'s.
pub(in crate::cmd) fn read_journal(folder: &Path, run: &Run) -> Result<Option<JournalContents>> {
    if holds(folder)? == Holds::Beginning {
        return Ok(None);
    }
    let before = describe(folder).context("failed to resume")?;
    if before.shard != run.shard {
        bail!("cannot resume {}: it holds a different shard of the plan", folder.display());
    }
    if before.environment.scenarios.is_empty() != run.environment.scenarios.is_empty() {
        let command =
            if run.environment.scenarios.is_empty() { "hookbench scenario run" } else { "hookbench run" };
        bail!("cannot resume {}: it holds a run of `{command}`", folder.display());
    }
    if before.environment.before_cells() != run.environment.before_cells() {
        bail!("cannot resume {}: {}", folder.display(), difference(&before.environment, &run.environment));
    }
    let found = Journal::read(folder)?;
    if !found.ignored.is_empty() {
        say::aside(&about_ignored(&found.ignored, &folder.join(JOURNAL_FILE)));
    }
    Ok(Some(found))
}

/// What differs between the environments in which a run began and in which it would resume,
/// and what the user can do about it.
fn difference(before: &Environment, now: &Environment) -> String {
    let monitors = |of: &Environment| -> Vec<(String, String)> {
        of.custom_monitors.iter().map(|it| (it.name.clone(), format!("{it:?}"))).collect()
    };
    let workloads = |of: &Environment| -> Vec<(String, String)> {
        of.custom_workloads.iter().map(|it| (it.name.clone(), format!("{it:?}"))).collect()
    };
    let of_monitors = custom_difference("monitor", &monitors(before), &monitors(now));
    of_monitors.or_else(|| custom_difference("workload", &workloads(before), &workloads(now))).unwrap_or_else(
        || "QEMU, a kernel or the agent has changed since the run began; start a new run".into(),
    )
}

/// The first custom monitor or workload, by name and content, that is not in both lists.
fn custom_difference(what: &str, before: &[(String, String)], now: &[(String, String)]) -> Option<String> {
    let find = |list: &[(String, String)], name: &str| {
        list.iter().find(|(other, _)| other == name).map(|(_, content)| content.clone())
    };
    let of_before = before.iter().find_map(|(name, content)| match find(now, name) {
        None => Some(format!(
            "the run has the {what} {name}, which this command does not name; add --{what} with its location"
        )),
        Some(other) if other != *content => {
            Some(format!("the {what} {name} has changed since the run began; start a new run"))
        }
        Some(_) => None,
    });
    of_before.or_else(|| {
        let (name, _) = now.iter().find(|(name, _)| find(before, name).is_none())?;
        Some(format!("the run began without the {what} {name}; start a new run"))
    })
}

/// The warning about the journal's unreadable lines.
fn about_ignored(lines: &[usize], journal: &Path) -> String {
    let numbers: Vec<String> = lines.iter().map(usize::to_string).collect();
    let what = if lines.len() == 1 { "line" } else { "lines" };
    let are = if lines.len() == 1 { "is not a measurement" } else { "are not measurements" };
    format!("{}: {what} {} {are}; measuring those cells again", journal.display(), numbers.join(", "))
}

/// The measurements of `earlier` that the resumed run keeps for `planned`.
pub(super) fn keep(
    mut earlier: HashMap<Cell, Measurement>,
    planned: &[Planned],
    history: impl Fn(&Cell) -> Option<History>,
) -> HashMap<Cell, Measurement> {
    let by_cell: HashMap<&Cell, &Planned> = planned.iter().map(|planned| (&planned.cell, planned)).collect();
    earlier.retain(|cell, measurement| {
        by_cell.get(cell).is_some_and(|planned| is_kept(measurement, planned, history(cell)))
    });
    earlier
}

/// Whether the resumed run keeps `measurement` for `planned`. It does not if the cell
/// failed, or has a different number of samples or a different history of its guest.
fn is_kept(measurement: &Measurement, planned: &Planned, history: Option<History>) -> bool {
    match &measurement.outcome {
        _ if measurement.history != history => false,
        Outcome::Measured(measured) => measured.samples.len() == planned.samples as usize,
        Outcome::Unsupported(_) | Outcome::Skipped(_) => true,
        Outcome::Failed(_) => false,
    }
}
