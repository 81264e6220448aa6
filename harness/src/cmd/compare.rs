//! `hookbench compare`: shows what changed from one stored run to another.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use clap::builder::PossibleValuesParser;
use hookbench_analysis::Comparison;
use hookbench_analysis::compare::{BaseAndNew, Change};
use hookbench_analysis::gate::Limit;
use hookbench_reports::compare::{ComparisonFormat, ComparisonReport, FORMATS};
use hookbench_results::Run;
use hookbench_results::store::write_whole;

use super::explain::explain_changes;
use super::{say, usage};
use crate::baseline;

/// Arguments of `hookbench compare`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Run to compare with: a folder, or a baseline (NAME or baseline:NAME)
    base: String,
    /// Run to compare: a folder, or a baseline (NAME or baseline:NAME)
    new: String,
    /// Output format
    #[arg(long, default_value = "text", value_parser = formats())]
    format: String,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Show unchanged cells too
    #[arg(long)]
    all: bool,
    /// Explain by function each cell that changed by more than LIMIT: 5%, '20 instructions',
    /// 'bpf-lsm+*=1%' [default: 0%]. Both runs need --keep-stacks
    #[arg(long, value_name = "[GLOB=]LIMIT", num_args = 0..=1, default_missing_value = "0%", require_equals = true)]
    explain: Option<Limit>,
}

/// The formats of a comparison. JUnit XML needs the verdicts of `hookbench gate`.
fn formats() -> PossibleValuesParser {
    FORMATS.iter().map(|format| format.name).filter(|name| *name != "junit").collect::<Vec<_>>().into()
}

/// Writes the comparison.
///
/// # Errors
/// When a run does not exist, or the output cannot be written.
pub fn compare(args: &Args) -> Result<ExitCode> {
    let runs = open(&args.base, &args.new)?;
    let comparison = Comparison::new(&runs.base, &runs.new);
    let names = BaseAndNew { base: args.base.as_str(), new: args.new.as_str() };
    let report = ComparisonReport { names, comparison: &comparison, gate: None, all: args.all, most: None };
    let mut text = (format(&args.format).render)(&report);
    if let Some(limit) = &args.explain {
        ensure_text(args).map_err(usage)?;
        text += &explained(args, &comparison, limit)?;
    }
    match &args.out {
        Some(path) => write_whole(path, text.as_bytes())?,
        None => say::result(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Only text has room for explanations.
fn ensure_text(args: &Args) -> Result<()> {
    ensure!(args.format == FORMATS[0].name, "--explain works with --format {} only", FORMATS[0].name);
    Ok(())
}

/// The explanations of the cells that changed beyond `limit`.
fn explained(args: &Args, comparison: &Comparison, limit: &Limit) -> Result<String> {
    let beyond = |change: &&Change| !change.cell.monitor.is_none() && limit.is_exceeded_by(change);
    let changes: Vec<&Change> = comparison.numbers.iter().filter(beyond).collect();
    let base = baseline::locate(&args.base).map_err(usage)?;
    let new = baseline::locate(&args.new).map_err(usage)?;
    let text = explain_changes(BaseAndNew { base: &base, new: &new }, &changes)?;
    Ok(match changes.len() {
        0 => format!("\nNo cell changed by more than {limit}.\n"),
        _ => format!("\n{text}"),
    })
}

/// The format called `name`, which clap has already checked.
fn format(name: &str) -> &'static ComparisonFormat {
    FORMATS.iter().find(|format| format.name == name).unwrap_or(&FORMATS[0])
}

/// Loads both runs.
///
/// # Errors
/// A usage error when a run does not exist; otherwise when one cannot be read.
pub(super) fn open(base: &str, new: &str) -> Result<BaseAndNew<Run>> {
    let found = BaseAndNew {
        base: baseline::locate(base).map_err(usage)?,
        new: baseline::locate(new).map_err(usage)?,
    };
    let load = |folder: &Path| {
        hookbench_results::store::load(folder)
            .with_context(|| format!("failed to read the run in {}", folder.display()))
    };
    Ok(BaseAndNew { base: load(&found.base)?, new: load(&found.new)? })
}
