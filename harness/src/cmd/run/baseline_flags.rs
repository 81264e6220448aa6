//! `--save-baseline` and `--baseline` of `hookbench run`: save the run under a name, or
//! compare it with a saved one.

use anyhow::Result;
use hookbench_analysis::Comparison;
use hookbench_analysis::compare::Sides;
use hookbench_reports::compare::{ComparisonReport, FORMATS};
use hookbench_results::Run;

use super::args::Args;
use crate::baseline;
use crate::cmd::say;

/// Checks the names of both options before the run begins.
///
/// # Errors
/// When a name is invalid, or `--baseline` names a baseline that does not exist.
pub(super) fn check(args: &Args) -> Result<()> {
    if let Some(name) = &args.save_baseline {
        baseline::folder(name)?;
    }
    if let Some(name) = &args.baseline {
        baseline::open(&format!("baseline:{name}"))?;
    }
    Ok(())
}

/// Compares `run` with its baseline, or saves it as one.
///
/// # Errors
/// When the baseline cannot be read or written.
pub(super) fn after(run: &Run, folder: &std::path::Path, args: &Args) -> Result<()> {
    if let Some(name) = &args.baseline {
        let base = format!("baseline:{name}");
        let comparison = Comparison::of(&baseline::open(&base)?, run);
        let new = folder.display().to_string();
        let names = Sides { base: base.as_str(), new: new.as_str() };
        let report = ComparisonReport { names, comparison: &comparison, gate: None, all: false, most: None };
        say::result(&format!("\n{}", (FORMATS[0].render)(&report)))?;
    }
    match &args.save_baseline {
        // A baseline without a cell would hide that cell's later regressions.
        Some(name) if run.count("failed") > 0 => {
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
