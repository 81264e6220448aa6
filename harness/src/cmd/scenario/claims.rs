//! `hookbench scenario claims`: tests what people say with stored results.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use hookbench_analysis::scenario::claims::{Evidence, Experiments};
use hookbench_reports::scenario::claims;
use hookbench_results::store;
use serde::de::DeserializeOwned;

use crate::cmd::say;

/// Arguments of `hookbench scenario claims`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder of a run of scenarios
    #[arg(value_name = "DIR")]
    run: PathBuf,
    /// What `scenario race --json` printed
    #[arg(long, value_name = "FILE")]
    races: Option<PathBuf>,
    /// What `scenario mitigate --json` printed
    #[arg(long, value_name = "FILE")]
    mitigations: Option<PathBuf>,
    /// What `scenario privilege --json` printed
    #[arg(long, value_name = "FILE")]
    privileges: Option<PathBuf>,
    /// What `scenario react --json` printed
    #[arg(long, value_name = "FILE")]
    reactions: Option<PathBuf>,
}

/// Prints the page of claims as Markdown.
///
/// # Errors
/// When a file cannot be read or is not what it should be.
pub(super) fn claims(args: &Args) -> Result<ExitCode> {
    let run = store::load(&args.run)?;
    let experiments = Experiments {
        races: read(args.races.as_deref())?,
        mitigations: read(args.mitigations.as_deref())?,
        privileges: read(args.privileges.as_deref())?,
        reactions: read(args.reactions.as_deref())?,
    };
    say::result(&claims::render(&Evidence::new(&run, experiments)))?;
    Ok(ExitCode::SUCCESS)
}

fn read<T: DeserializeOwned>(file: Option<&Path>) -> Result<Vec<T>> {
    let Some(file) = file else { return Ok(Vec::new()) };
    let text = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("failed to understand {}", file.display()))
}
