//! `hookbench export`: a stored run in another program's format.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;
use hookbench_reports::export::EXPORTS;
use hookbench_results::store::write_whole;

use super::{say, usage};
use crate::baseline;

/// Arguments of `hookbench export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The run's folder, or a baseline (its name, or baseline:NAME)
    run: String,
    /// The format: of github-action-benchmark, of Bencher, NDJSON, or JUnit XML
    #[arg(long, value_parser = formats())]
    format: String,
    /// The file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn formats() -> PossibleValuesParser {
    EXPORTS.iter().map(|export| export.name).collect::<Vec<_>>().into()
}

/// Writes the run.
///
/// # Errors
/// When there is no such run, or nothing can be written.
pub fn export(args: &Args) -> Result<ExitCode> {
    let folder = baseline::locate(&args.run).map_err(usage)?;
    let run = hookbench_results::store::load(&folder)?;
    let export = EXPORTS.iter().find(|export| export.name == args.format);
    // clap has checked the name.
    let text = (export.context("no such format")?.render)(&run);
    match &args.out {
        Some(path) => write_whole(path, text.as_bytes())?,
        None => say::result(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}
