//! `hookbench gate`: whether a run is worse than another. What it found is written
//! before it says so with its exit code.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use hookbench_reports::compare::{ComparisonFormat, ComparisonReport, FORMATS};
use hookbench_results::Comparison;
use hookbench_results::compare::Sides;
use hookbench_results::gate::{Gate, Limit, Pattern, Rules};
use hookbench_results::store::write_whole;

use super::{compare, say, usage};

/// What the exit code says.
const EXIT_CODES: &str = "\
A cell is meant by a glob of its monitor (bpf-lsm+*) or of its whole name (6.1/*/execve-noop*).
Without a limit, nothing that is counted by an exact clock may grow; by one with noise, not beyond
1 %, and only what is significant counts. Of the percentages, and of the numbers, that are of a
cell the last one counts; of both kinds, both.

Exit code:
  0  no regression; a change that noise leaves inconclusive is told, and is none
  1  a run could not be read, or the report not be written
  2  what was asked for is wrong: no such run, a limit that is none or of no cell
  3  a regression; the report is written";

/// The exit code of a regression.
const REGRESSION: u8 = 3;
/// The variable in which GitHub's runners name the file of a job's summary.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// So many lines of a list are in a summary: no more than 1 MiB of it is shown.
const SUMMARY_LINES: usize = 50;

/// Arguments of `hookbench gate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub struct Args {
    /// What is compared with: a run's folder, or a baseline (its name, or baseline:NAME)
    base: String,
    /// What is judged
    new: String,
    /// By how much a median may grow: 5%, '20 instructions', 'bpf-lsm+*=20 instructions'
    #[arg(long, value_name = "[GLOB=]LIMIT")]
    limit: Vec<Limit>,
    /// Cells whose regressions are told and are none
    #[arg(long, value_name = "GLOB")]
    allow: Vec<Pattern>,
    /// The folder for the report: text, Markdown, JSON, HTML and JUnit XML
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Append a summary in Markdown to the file that $GITHUB_STEP_SUMMARY names
    #[arg(long)]
    github_summary: bool,
    /// Write a summary in Markdown
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Show the cells that did not change as well
    #[arg(long)]
    all: bool,
}

/// Judges, writes the report, and says what it found.
///
/// # Errors
/// When there is no such run, the limits cannot be those of its cells, or the report
/// cannot be written.
pub fn gate(args: &Args) -> Result<ExitCode> {
    let runs = compare::open(&args.base, &args.new)?;
    let comparison = Comparison::of(&runs.base, &runs.new);
    let rules = Rules { limits: args.limit.clone(), allow: args.allow.clone() };
    let gate = Gate::judge(&comparison, &rules).map_err(|error| usage(error.into()))?;
    let names = Sides { base: args.base.as_str(), new: args.new.as_str() };
    let report =
        ComparisonReport { names, comparison: &comparison, gate: Some(&gate), all: args.all, most: None };
    if let Some(folder) = &args.out {
        write(&report, folder)?;
    }
    summarise(&ComparisonReport { most: Some(SUMMARY_LINES), all: false, ..report }, args)?;
    say::result(&(FORMATS[0].render)(&report))?;
    if let Some(folder) = &args.out {
        for format in FORMATS {
            say::result(&format!("{}  {}\n", folder.join(format.file).display(), format.about))?;
        }
    }
    Ok(if gate.is_open() { ExitCode::SUCCESS } else { ExitCode::from(REGRESSION) })
}

/// Writes all formats of `report` into `folder`.
fn write(report: &ComparisonReport<'_>, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("failed to make the folder {}", folder.display()))?;
    FORMATS
        .iter()
        .try_for_each(|format| write_whole(&folder.join(format.file), (format.render)(report).as_bytes()))
}

/// Writes the summaries that are asked for.
fn summarise(report: &ComparisonReport<'_>, args: &Args) -> Result<()> {
    let markdown = FORMATS.iter().find(|format| format.name == "markdown");
    let summary = markdown.map_or_else(String::new, |format: &ComparisonFormat| (format.render)(report));
    if let Some(path) = &args.summary {
        write_whole(path, summary.as_bytes())?;
    }
    if !args.github_summary {
        return Ok(());
    }
    match env::var_os(STEP_SUMMARY).filter(|path| !path.is_empty()).map(PathBuf::from) {
        // Other steps write into it too.
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(&path);
            file.and_then(|mut file| file.write_all(summary.as_bytes()))
                .with_context(|| format!("failed to append the summary to {}", path.display()))
        }
        None => {
            say::aside(&format!(
                "no summary is written: {STEP_SUMMARY} is not set; --summary FILE writes one anywhere"
            ));
            Ok(())
        }
    }
}
