//! `--save-baseline` and `--baseline` of `hookbench run`: a run is kept under a name, or
//! compared with the one that was.

use anyhow::Result;
use hookbench_reports::compare::{ComparisonReport, FORMATS};
use hookbench_results::compare::Sides;
use hookbench_results::{Comparison, Run};

use super::run::Args;
use super::say;
use crate::baseline;

/// Whether what is asked for can be done when the run has ended: before it begins.
///
/// # Errors
/// When a name is none, or there is no such baseline.
pub(super) fn check(args: &Args) -> Result<()> {
    if let Some(name) = &args.save_baseline {
        baseline::folder(name)?;
    }
    if let Some(name) = &args.baseline {
        baseline::open(&format!("baseline:{name}"))?;
    }
    Ok(())
}

/// Compares `run`, or keeps it.
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
        // What failed once would never be missed again.
        Some(name) if run.count("failed") > 0 => {
            say::aside(&format!("the baseline {name} is left as it was, for cells of this run failed"));
            Ok(())
        }
        Some(name) => {
            let kept = baseline::keep(run, name)?;
            say::result(&format!("{}  this run as the baseline {name}\n", kept.display()))
        }
        None => Ok(()),
    }
}
