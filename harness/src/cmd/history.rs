//! `hookbench history`: shows how the cost of monitors develops across stored runs or
//! kernels.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;
use hookbench_model::Cell;
use hookbench_reports::history::{Along, OperationHistory, csv, histories, table};
use hookbench_reports::plot;
use hookbench_results::Run;
use hookbench_results::store::{load, write_whole};

use super::{say, usage};
use crate::baseline;
use hookbench_plan::select;

/// Arguments of `hookbench history`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Runs, in order: folders, or baselines (NAME or baseline:NAME)
    #[arg(required = true)]
    runs: Vec<String>,
    /// Labels of the runs, in the same order [default: the arguments themselves]
    #[arg(long, value_name = "LABEL,…", value_delimiter = ',')]
    label: Vec<String>,
    /// Compare across runs or across kernels [default: kernels if there is only one run]
    #[arg(long)]
    by: Option<By>,
    /// Workloads, by name or glob
    #[arg(long, value_name = "WORKLOAD,…", value_delimiter = ',')]
    workload: Vec<String>,
    /// Monitors, by name or glob
    #[arg(long, value_name = "MONITOR,…", value_delimiter = ',')]
    monitor: Vec<String>,
    /// Folder for history.csv and one plot per operation
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    Runs,
    Kernels,
}

/// Prints the tables and writes the files.
///
/// # Errors
/// When a run does not exist, a pattern selects nothing, or a file cannot be written.
pub fn history(args: &Args) -> Result<ExitCode> {
    let runs = runs(args)?;
    let cells =
        || runs.iter().flat_map(|(_, run)| run.measurements.iter().map(|measurement| &measurement.cell));
    let workloads = chosen("workload", &args.workload, cells().map(|cell| cell.workload.clone()))?;
    let monitors = chosen("monitor", &args.monitor, cells().map(|cell| cell.monitor.to_string()))?;
    let along = match args.by {
        Some(By::Runs) => Along::Runs,
        Some(By::Kernels) => Along::Kernels,
        None if runs.len() == 1 => Along::Kernels,
        None => Along::Runs,
    };
    let is_chosen =
        |cell: &Cell| workloads.contains(&cell.workload) && monitors.contains(&cell.monitor.to_string());
    let histories = histories(&runs, along, is_chosen);
    say::result(&table(&histories))?;
    if let Some(folder) = &args.out {
        write(&histories, folder)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Loads the runs, each with its label.
fn runs(args: &Args) -> Result<Vec<(String, Run)>> {
    if !args.label.is_empty() && args.label.len() != args.runs.len() {
        let (labels, runs) = (args.label.len(), args.runs.len());
        return Err(usage(anyhow!("--label has {labels} labels for {runs} runs; give one label per run")));
    }
    let labels = if args.label.is_empty() { &args.runs } else { &args.label };
    let opened = args.runs.iter().zip(labels).map(|(text, label)| {
        let folder = baseline::locate(text).map_err(usage)?;
        let run = load(&folder).with_context(|| format!("failed to read the run in {}", folder.display()))?;
        Ok((label.clone(), run))
    });
    opened.collect()
}

/// The names in `known` that the patterns select; all of them without a pattern.
fn chosen(kind: &str, patterns: &[String], known: impl Iterator<Item = String>) -> Result<BTreeSet<String>> {
    let known: BTreeSet<String> = known.collect();
    if patterns.is_empty() {
        return Ok(known);
    }
    let known: Vec<String> = known.into_iter().collect();
    Ok(select(kind, patterns, &known).map_err(usage)?.into_iter().collect())
}

fn write(histories: &[OperationHistory], folder: &std::path::Path) -> Result<()> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("failed to create the folder {}", folder.display()))?;
    let table = folder.join("history.csv");
    write_whole(&table, csv(histories).as_bytes())?;
    say::result(&format!("{}  one line per monitor and place\n", table.display()))?;
    for (number, history) in (1..).zip(histories) {
        let picture = folder.join(format!("history-{number}.svg"));
        write_whole(&picture, plot::history(history, plot::WIDE)?.as_bytes())?;
        say::result(&format!("{}  {}\n", picture.display(), history.title()))?;
    }
    Ok(())
}
