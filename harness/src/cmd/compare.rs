//! `hookbench compare`: what changed from one stored run to another.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use hookbench_reports::compare::{ComparisonFormat, ComparisonReport, FORMATS};
use hookbench_results::compare::Sides;
use hookbench_results::store::write_whole;
use hookbench_results::{Comparison, Run};

use super::{say, usage};
use crate::baseline;

/// Arguments of `hookbench compare`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What is compared with: a run's folder, or a baseline (its name, or baseline:NAME)
    base: String,
    /// What is compared
    new: String,
    /// What is written
    #[arg(long, default_value = "text", value_parser = formats())]
    format: String,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show the cells that did not change as well
    #[arg(long)]
    all: bool,
}

/// The formats of a comparison that was not judged: a test without a judgement is none.
fn formats() -> PossibleValuesParser {
    FORMATS.iter().map(|format| format.name).filter(|name| *name != "junit").collect::<Vec<_>>().into()
}

/// Writes the comparison.
///
/// # Errors
/// When there is no such run, or nothing can be written.
pub fn compare(args: &Args) -> Result<ExitCode> {
    let runs = open(&args.base, &args.new)?;
    let comparison = Comparison::of(&runs.base, &runs.new);
    let names = Sides { base: args.base.as_str(), new: args.new.as_str() };
    let report = ComparisonReport { names, comparison: &comparison, gate: None, all: args.all, most: None };
    let text = (format(&args.format).render)(&report);
    match &args.out {
        Some(path) => write_whole(path, text.as_bytes())?,
        None => say::result(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The row of the format `name`, which clap has checked.
fn format(name: &str) -> &'static ComparisonFormat {
    FORMATS.iter().find(|format| format.name == name).unwrap_or(&FORMATS[0])
}

/// Both runs.
///
/// # Errors
/// Of usage, when there is no such run; when it cannot be read.
pub(super) fn open(base: &str, new: &str) -> Result<Sides<Run>> {
    let found =
        Sides { base: baseline::locate(base).map_err(usage)?, new: baseline::locate(new).map_err(usage)? };
    let load = |folder: &Path| {
        hookbench_results::store::load(folder)
            .with_context(|| format!("failed to read the run in {}", folder.display()))
    };
    Ok(Sides { base: load(&found.base)?, new: load(&found.new)? })
}
