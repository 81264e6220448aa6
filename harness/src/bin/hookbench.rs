//! The command: one subcommand, one file in `cmd/`.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hookbench::cmd::{
    EXIT_CODES, Usage, bisect_step, cache, clean_host, compare, correlate, doctor, export, gate, history,
    kernel, list, merge, report, run,
};
use hookbench::stop::Stopped;

/// What each way to watch or stop a Linux system costs, exactly.
#[derive(Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Measure: boot kernels, run workloads under monitors, write a report
    Run(Box<run::Args>),
    /// Show what there is: kernels, workloads, monitors, behaviours or plans
    List(list::Args),
    /// Say what this machine can run, what is missing and what to do about it
    Doctor(doctor::Args),
    /// Render the reports of a stored run again
    Report(report::Args),
    /// Show what changed from one stored run to another
    Compare(compare::Args),
    /// Show how far a run on hardware and one of the same cells in TCG agree
    Correlate(correlate::Args),
    /// Judge whether a stored run is worse than another
    Gate(gate::Args),
    /// Measure a kernel and judge it against a stored run, with the exit codes of git bisect run
    BisectStep(Box<bisect_step::Args>),
    /// Show what monitors add from one stored run, or kernel, to the next
    History(history::Args),
    /// Write a stored run in the format of another program
    Export(export::Args),
    /// Put the shards of a plan together, to the run that one machine would have made
    Merge(merge::Args),
    /// Show or remove what is kept between runs: kernels, images, snapshots
    Cache(cache::Args),
    /// Undo what a killed `run --target host` has left in this machine's kernel
    CleanHost,
    /// Build kernels that no package has
    Kernel(kernel::Args),
}

/// The command line. To git, clap's exit code 2 of a wrong one would be a bad commit.
fn parse() -> Command {
    Command::try_parse().unwrap_or_else(|error| {
        let bisects = std::env::args_os().nth(1).is_some_and(|verb| verb == "bisect-step");
        if bisects && error.use_stderr() {
            let _ = error.print();
            std::process::exit(bisect_step::WRONG.into());
        }
        error.exit()
    })
}

fn main() -> ExitCode {
    let result = match parse().verb {
        Verb::Run(args) => run::run(&args),
        Verb::List(args) => list::list(&args),
        Verb::Doctor(args) => doctor::doctor(&args),
        Verb::Report(args) => report::report(&args),
        Verb::Compare(args) => compare::compare(&args),
        Verb::Correlate(args) => correlate::correlate(&args),
        Verb::Gate(args) => gate::gate(&args),
        Verb::BisectStep(args) => bisect_step::bisect_step(&args),
        Verb::History(args) => history::history(&args),
        Verb::Export(args) => export::export(&args),
        Verb::Merge(args) => merge::merge(&args),
        Verb::Cache(args) => cache::cache(&args),
        Verb::CleanHost => clean_host::clean_host(),
        Verb::Kernel(args) => kernel::kernel(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            // Standard error may be gone, with the terminal.
            let _ = writeln!(std::io::stderr(), "hookbench: {error:#}");
            if let Some(stopped) = error.downcast_ref::<Stopped>() {
                stopped.die();
            }
            // What was asked for wrongly is 2, as clap has it; what failed is 1.
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}
