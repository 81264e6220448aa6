//! `hookbench merge`: the shards of a plan, each measured somewhere, become one run,
//! with the bytes of the run that one machine would have made.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Result, bail};
use hookbench_model::Outcome;
use hookbench_reports::terminal;
use hookbench_results::merge as results;
use hookbench_results::store::{load, save};

use super::report::{render, say_where};
use super::{say, usage};
use crate::folder::{Folder, Holds, holds};

/// Arguments of `hookbench merge`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The folders of all shards, in any order
    #[arg(required = true)]
    dirs: Vec<PathBuf>,
    /// The folder for the whole run
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Joins the shards and renders the reports.
///
/// # Errors
/// When a shard is missing, is of another plan or environment, or nothing can be
/// written.
pub fn merge(args: &Args) -> Result<ExitCode> {
    if holds(&args.out)? == Holds::Run {
        return Err(usage(anyhow::anyhow!("{} holds a run already; give another --out", args.out.display())));
    }
    let mut shards = Vec::new();
    for folder in &args.dirs {
        if !folder.is_dir() {
            bail!("no folder {}; each shard's run has one, its --out", folder.display());
        }
        shards.push((folder.display().to_string(), load(folder)?));
    }
    let run = results::merge(shards)?;
    let folder = Folder::take(&args.out)?;
    save(&run, folder.path())?;
    render(&run, folder.path())?;
    say::result(&terminal::table(&run))?;
    say_where(folder.path())?;
    let failed = run.measurements.iter().any(|measurement| matches!(measurement.outcome, Outcome::Failed(_)));
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
