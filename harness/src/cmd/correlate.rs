//! `hookbench correlate`: shows how well a run on hardware agrees with a TCG run of the
//! same cells.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::builder::PossibleValuesParser;
use hookbench_analysis::correlate::{Correlation, HardwareAndTcg};
use hookbench_model::Target;
use hookbench_reports::correlate::{CorrelationReport, FORMATS};
use hookbench_results::store::write_whole;

use super::{compare, say, usage};

/// Arguments of `hookbench correlate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Run on hardware (--target host or kvm): a folder, or a baseline
    one: String,
    /// TCG run of the same cells; the order of the two does not matter
    other: String,
    /// Kernel of the TCG run that corresponds to a kernel of the hardware run [default: the
    /// one of the same name, or the only one of the same series]
    #[arg(long, value_name = "HARDWARE=TCG", value_parser = pair)]
    map_kernel: Vec<(String, String)>,
    /// Number of cells to show in each list
    #[arg(long, value_name = "N", default_value_t = 20)]
    most: usize,
    /// Output format
    #[arg(long, default_value = "text", value_parser = formats())]
    format: String,
    /// File to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn formats() -> PossibleValuesParser {
    FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().into()
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((hardware, tcg)) if !hardware.is_empty() && !tcg.is_empty() => Ok((hardware.into(), tcg.into())),
        _ => Err("expected HARDWARE=TCG, for example 6.1.0-56-amd64=6.1".into()),
    }
}

/// Writes how well the two runs agree.
///
/// # Errors
/// When a run does not exist, the two are not one hardware and one TCG run, or the output
/// cannot be written.
pub fn correlate(args: &Args) -> Result<ExitCode> {
    let runs = compare::open(&args.one, &args.other)?;
    let correlation =
        Correlation::new(&runs.base, &runs.new, &args.map_kernel).map_err(|error| usage(error.into()))?;
    let (one, other) = (args.one.as_str(), args.other.as_str());
    let names = match runs.base.environment.target {
        Target::Tcg => HardwareAndTcg { hardware: other, tcg: one },
        Target::Kvm | Target::Host => HardwareAndTcg { hardware: one, tcg: other },
    };
    let report = CorrelationReport { names, correlation: &correlation, most: args.most };
    let format = FORMATS.iter().find(|format| format.name == args.format).unwrap_or(&FORMATS[0]);
    let text = (format.render)(&report);
    write(args.out.as_deref(), &text)?;
    Ok(ExitCode::SUCCESS)
}

fn write(path: Option<&Path>, text: &str) -> Result<()> {
    match path {
        Some(path) => write_whole(path, text.as_bytes()),
        None => say::result(text),
    }
}
