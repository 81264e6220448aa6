//! `hookbench gate`: fails if a run is worse than another. It writes the report before
//! it exits.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use hookbench_analysis::Comparison;
use hookbench_analysis::compare::BaseAndNew;
use hookbench_analysis::gate::{Gate, GateRules, Limit, Pattern};
use hookbench_reports::compare::{ComparisonFormat, ComparisonReport, FORMATS};
use hookbench_results::store::write_whole;

use super::{compare, say, usage};

/// The rules and exit codes, as `--help` lists them.
const EXIT_CODES: &str = "\
A GLOB matches a cell's monitor (bpf-lsm+*) or its whole name (6.1/*/execve-noop*).
The gate judges the hook: the instructions that the monitor itself executes. It judges the median
where a run does not know the hook. Under the exact clock, neither may grow without a limit. A median
of a hardware clock may grow by 1 %, and only significant growth counts. A growth of none counts only
if a GLOB names none, or if the gate judges no hook. If several percentages match a cell, the last one
applies; likewise for numbers. If both kinds match, both apply.
In runs of scenarios a way that a policy no longer sees or stops is a regression, and so is a neighbour
that it newly breaks, or that it costs more instructions than --limit allows. --limit and --allow match
the policy, the cell and the way (6.1/userns/bpf-lsm+deny/clone3).

Exit code:
  0  no regression; inconclusive changes are listed, but do not count
  1  hookbench could not read a run or write the report
  2  the command line is wrong: no such run, an invalid limit, or a limit that matches no cell
  3  a regression; the report is written";

/// The exit code of a regression.
const REGRESSION: u8 = 3;
/// The variable in which GitHub's runners name the file of a job's summary.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";
/// The longest list in a summary, in lines: GitHub shows at most 1 MiB of a summary.
const SUMMARY_LINES: usize = 50;

/// Arguments of `hookbench gate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXIT_CODES)]
pub struct Args {
    /// Run to compare with: a folder, or a baseline (NAME or baseline:NAME)
    base: String,
    /// Run to judge: a folder, or a baseline (NAME or baseline:NAME)
    new: String,
    /// Largest allowed growth of a hook, or of a median where the hook is unknown: 5%, '20 instructions',
    /// 'bpf-lsm+*=20 instructions'
    #[arg(long, value_name = "[GLOB=]LIMIT")]
    limit: Vec<Limit>,
    /// Cells whose regressions are reported but do not count
    #[arg(long, value_name = "GLOB")]
    allow: Vec<Pattern>,
    /// Folder for the report: text, Markdown, JSON, HTML and JUnit XML
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Append a Markdown summary to the file that $GITHUB_STEP_SUMMARY names
    #[arg(long)]
    github_summary: bool,
    /// Write a Markdown summary to FILE
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Show unchanged cells too
    #[arg(long)]
    all: bool,
}

/// Judges the run, writes the report and prints the result.
///
/// # Errors
/// When a run does not exist, a limit does not fit the cells, or the report cannot be
/// written.
pub fn gate(args: &Args) -> Result<ExitCode> {
    let runs = compare::open(&args.base, &args.new)?;
    let comparison = Comparison::new(&runs.base, &runs.new);
    let rules = GateRules { limits: args.limit.clone(), allow: args.allow.clone() };
    let gate = Gate::judge(&comparison, &rules).map_err(|error| usage(error.into()))?;
    let names = BaseAndNew { base: args.base.as_str(), new: args.new.as_str() };
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
        .with_context(|| format!("failed to create the folder {}", folder.display()))?;
    FORMATS
        .iter()
        .try_for_each(|format| write_whole(&folder.join(format.file), (format.render)(report).as_bytes()))
}

/// Writes the summaries that `--summary` and `--github-summary` ask for.
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
        // Other steps of the job append to the same file.
        Some(path) => {
            let file = OpenOptions::new().create(true).append(true).open(&path);
            file.and_then(|mut file| file.write_all(summary.as_bytes()))
                .with_context(|| format!("failed to append the summary to {}", path.display()))
        }
        None => {
            say::aside(&format!(
                "no summary written: {STEP_SUMMARY} is not set; use --summary FILE to write one anywhere"
            ));
            Ok(())
        }
    }
}
