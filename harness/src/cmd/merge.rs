//! `hookbench merge`: merges the shards of a plan into one run, with the same bytes as
//! the run that one machine would have produced.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use hookbench_model::Outcome;
use hookbench_results::store::{load, save};
use hookbench_results::{ScenarioOutcome, attachments, merge as results};

use super::report::{render, say_where, table};
use super::{say, usage};
use crate::run::folder::{Folder, Holds, holds};

/// Arguments of `hookbench merge`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folders of all shards, in any order
    #[arg(required = true)]
    dirs: Vec<PathBuf>,
    /// Folder for the merged run
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Merges the shards and renders the reports.
///
/// # Errors
/// When a shard is missing or belongs to another plan or environment, or the output
/// cannot be written.
pub fn merge(args: &Args) -> Result<ExitCode> {
    if holds(&args.out)? == Holds::Run {
        return Err(usage(anyhow::anyhow!(
            "{} already holds a run; choose another --out",
            args.out.display()
        )));
    }
    let mut shards = Vec::new();
    for folder in &args.dirs {
        if !folder.is_dir() {
            bail!("no folder {}; pass the --out folder of each shard's run", folder.display());
        }
        shards.push((folder.display().to_string(), load(folder)?));
    }
    let run = results::merge(shards)?;
    let folder = Folder::take(&args.out)?;
    for from in &args.dirs {
        let cells = run.measurements.iter().map(|measurement| &measurement.cell);
        attachments::copy(from, folder.path(), cells)?;
    }
    save(&run, folder.path())?;
    render(&run, folder.path())?;
    say::result(&table(&run))?;
    say_where(folder.path())?;
    let failed = run.measurements.iter().any(|measurement| matches!(measurement.outcome, Outcome::Failed(_)))
        || run.scenarios.iter().any(|cell| matches!(cell.outcome, ScenarioOutcome::Failed(_)));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
