//! `hookbench export`: converts a stored run to the format of another program.

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
    /// Folder of the run, or a baseline (NAME or baseline:NAME)
    run: String,
    /// Format: github-action-benchmark, Bencher, NDJSON or JUnit XML
    #[arg(long, value_parser = formats())]
    format: String,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn formats() -> PossibleValuesParser {
    EXPORTS.iter().map(|export| export.name).collect::<Vec<_>>().into()
}

/// Writes the run in the chosen format.
///
/// # Errors
/// When the run does not exist, or the output cannot be written.
pub fn export(args: &Args) -> Result<ExitCode> {
    let folder = baseline::locate(&args.run).map_err(usage)?;
    let run = hookbench_results::store::load(&folder)?;
    let export = EXPORTS.iter().find(|export| export.name == args.format);
    // clap has already checked the name.
    let text = (export.context("no such format")?.render)(&run);
    match &args.out {
        Some(path) => write_whole(path, text.as_bytes())?,
        None => say::result(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}
