//! `--save-baseline` and `--baseline` of `hookbench run`: save the run under a name, or
//! compare it with a saved one.

use std::path::Path;

use anyhow::Result;
use hookbench_analysis::Comparison;
use hookbench_analysis::compare::BaseAndNew;
use hookbench_model::measurement::UNPROVEN;
use hookbench_reports::compare::{ComparisonReport, FORMATS};
use hookbench_results::Run;

use super::output::Output;
use crate::baseline;
use crate::cmd::say;

/// Checks the names of both options before the run begins.
///
/// # Errors
/// When a name is invalid, or `--baseline` names a baseline that does not exist.
pub(super) fn check_names(output: &Output) -> Result<()> {
    if let Some(name) = &output.save_baseline {
        baseline::folder(name)?;
    }
    if let Some(name) = &output.baseline {
        baseline::open(&format!("baseline:{name}"))?;
    }
    Ok(())
}

/// Compares `run` with its baseline, or saves it as one.
///
/// # Errors
/// When the baseline cannot be read or written.
pub(super) fn compare_or_save(run: &Run, folder: &Path, output: &Output) -> Result<()> {
    if let Some(name) = &output.baseline {
        let base = format!("baseline:{name}");
        let comparison = Comparison::new(&baseline::open(&base)?, run);
        let new = folder.display().to_string();
        let names = BaseAndNew { base: base.as_str(), new: new.as_str() };
        let report = ComparisonReport { names, comparison: &comparison, gate: None, all: false, most: None };
        say::result(&format!("\n{}", (FORMATS[0].render)(&report)))?;
    }
    match &output.save_baseline {
        // A baseline without a cell would hide that cell's later regressions.
        Some(name) if run.count("failed") + run.count(UNPROVEN) > 0 => {
            say::aside(&format!("the baseline {name} is unchanged, because cells of this run failed"));
            Ok(())
        }
        Some(name) => {
            let kept = baseline::keep(run, name)?;
            say::result(&format!("{}  this run as the baseline {name}\n", kept.display()))
        }
        None => Ok(()),
    }
}
