//! What an interrupted run left: which of its measurements a run that goes on
//! with it can take over, and what it has to measure again.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use hookbench_model::{Cell, History, Measurement, Outcome};
use hookbench_results::Run;
use hookbench_results::store::{JOURNAL_FILE, Journal, describe};

use super::say;
use crate::folder::{Holds, holds};
use crate::plan::Planned;

/// What an interrupted run has measured already; `None` when it was ended as it began.
///
/// # Errors
/// When there is no run, or it was made by another machine than `run`.
pub(super) fn earlier(folder: &Path, run: &Run) -> Result<Option<HashMap<Cell, Measurement>>> {
    if holds(folder)? == Holds::Beginning {
        return Ok(None);
    }
    let before = describe(folder).context("failed to resume")?;
    if before.shard != run.shard {
        bail!("cannot resume {}: it is another shard of the plan", folder.display());
    }
    if before.environment != run.environment {
        bail!(
            "cannot resume {}: QEMU, a kernel or the agent is another than it was; start a new run",
            folder.display()
        );
    }
    let found = Journal::read(folder)?;
    if !found.ignored.is_empty() {
        say::aside(&ignored(&found.ignored, &folder.join(JOURNAL_FILE)));
    }
    let measured = found.measurements.into_iter();
    Ok(Some(measured.map(|measurement| (measurement.cell.clone(), measurement)).collect()))
}

/// What is said of a journal's lines that are no measurements.
fn ignored(lines: &[usize], journal: &Path) -> String {
    let numbers: Vec<String> = lines.iter().map(usize::to_string).collect();
    let what = if lines.len() == 1 { "line" } else { "lines" };
    let are = if lines.len() == 1 { "is no measurement" } else { "are no measurements" };
    format!("{}: {what} {} {are}; what stood there is measured again", journal.display(), numbers.join(", "))
}

/// Whether a measurement of an interrupted run is what `planned` asks for: a
/// cell that failed, or was asked for with another number of samples or another
/// history of its guest, is not.
pub(super) fn is_of(measurement: &Measurement, planned: &Planned, history: Option<History>) -> bool {
    match &measurement.outcome {
        _ if measurement.history != history => false,
        Outcome::Measured(measured) => measured.samples.len() == planned.samples as usize,
        Outcome::Unsupported(_) | Outcome::Skipped(_) => true,
        Outcome::Failed(_) => false,
    }
}
