//! `hookbench explain`: why a cell costs what it costs, function by function. It measures the cell and its baseline,
//! or reads the explanation that a run kept.

mod changes;
pub(super) mod kept;
mod measure;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use hookbench_reports::explain::{self, ExplanationReport};
use hookbench_results::store::write_whole;

use super::say;
use crate::session::guests::BUDGET;

pub use changes::explain_changes;

/// Arguments of `hookbench explain`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Cell to explain, named as in reports; you can leave out parameters with default values
    cell: String,
    /// Cell to compare with: another monitor, or the same monitor on another kernel [default:
    /// the cell's own baseline, `none`]
    #[arg(long, value_name = "CELL")]
    against: Option<String>,
    /// Show what this run kept about the cells, without measuring: a folder, or a baseline (NAME
    /// or baseline:NAME)
    #[arg(long, value_name = "RUN", conflicts_with_all = [
        "samples", "timeout", "monitor", "ready", "workload", "expect_exit", "bring", "modules", "load",
    ])]
    run: Option<String>,
    /// Folder for explain.html, with flame graphs, and for the stacks as text
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
    /// Number of operations to attribute; hookbench explains a usual one of them
    #[arg(long, value_name = "N", default_value_t = measure::OPERATIONS,
        value_parser = clap::value_parser!(u32).range(1..))]
    samples: u32,
    /// Time limit of a cell, in seconds of real time
    #[arg(long, value_name = "SECONDS", default_value_t = BUDGET.as_secs())]
    timeout: u64,
    /// Custom monitors of the cells: bpf:FILE.o, audit:FILE.rules, cmd:COMMAND
    #[arg(long, value_name = "MONITOR,…")]
    monitor: Vec<String>,
    /// Wait until the output of a cmd:COMMAND monitor matches this before measuring
    #[arg(long, value_name = "REGEX")]
    ready: Option<String>,
    /// Custom workload of the cells: cmd:COMMAND, syscalls:FILE.toml
    #[arg(long, value_name = "WORKLOAD,…")]
    workload: Vec<String>,
    /// Exit code that a cmd:COMMAND workload must return [default: 0]
    #[arg(long, value_name = "CODE")]
    expect_exit: Option<i32>,
    /// Payload of a cmd:COMMAND workload or monitor, or of audit:FILE.rules: names of Debian
    /// packages, paths of files and folders
    #[arg(long, value_name = "PACKAGE|PATH,…", value_delimiter = ',')]
    bring: Vec<String>,
    /// Folder with the modules and configuration of your kernel, lib/modules/VERSION
    #[arg(long, value_name = "DIR")]
    modules: Option<PathBuf>,
    /// Modules from the --modules folder to load in each guest, with their dependencies
    #[arg(long, value_name = "MODULE,…", value_delimiter = ',', requires = "modules")]
    load: Vec<String>,
}

/// Explains the cell and prints the functions that changed.
///
/// # Errors
/// When a cell does not exist, cannot be measured or has no kept explanation, or a file cannot be written.
pub fn explain(args: &Args) -> Result<ExitCode> {
    let find = |name: &String| match &args.run {
        Some(run) => kept::explanation(run, name),
        None => measure::explanation(args, name),
    };
    let of = find(&args.cell)?;
    let against = args.against.as_ref().map(find).transpose()?;
    let report = ExplanationReport { of: &of, against: against.as_ref() };
    say::result(&if args.json { explain::json(&report) } else { explain::text(&report) })?;
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("failed to create the folder {}", folder.display()))?;
        for file in explain::files(&report)? {
            let path = folder.join(&file.name);
            write_whole(&path, file.content.as_bytes())?;
            say::aside(&format!("{}  {}", path.display(), file.about));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    /// Parses `words`, the first of which is the cell.
    pub(in crate::cmd::explain) fn args(words: &[&str]) -> Result<Args, clap::Error> {
        Command::try_parse_from(["explain"].iter().chain(words)).map(|command| command.args)
    }

    #[test]
    fn a_run_is_read_and_options_of_measuring_are_refused() {
        assert_eq!(args(&["a", "--run", "b", "--against", "c"]).unwrap().samples, measure::OPERATIONS);
        for [option, value] in
            [["--samples", "7"], ["--monitor", "bpf:x.o"], ["--modules", "m"], ["--bring", "x"]]
        {
            assert!(args(&["a", "--run", "b", option, value]).is_err(), "{option}");
        }
        assert!(args(&["a", "--samples", "0"]).is_err());
    }
}
