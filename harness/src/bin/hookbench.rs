//! The `hookbench` command: parses the command line, calls the subcommand's function
//! in `cmd/` and turns its result into an exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use hookbench::cmd::{
    EXIT_CODES, Usage, bisect_step, cache, clean_host, compare, correlate, doctor, export, gate, history,
    kernel, list, merge, report, run,
};
use hookbench::run::interrupt::Interrupted;

/// Measure what Linux security and tracing hooks cost, exactly.
#[derive(Parser)]
#[command(version, max_term_width = 100, after_help = EXIT_CODES)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Boot kernels, run workloads under monitors and write a report
    Run(Box<run::Args>),
    /// List the available kernels, workloads, monitors, behaviours or plans
    List(list::Args),
    /// Check what this machine can run, and how to install what is missing
    Doctor(doctor::Args),
    /// Render the reports of a stored run again
    Report(report::Args),
    /// Show what changed from one stored run to another
    Compare(compare::Args),
    /// Show how well a run on hardware agrees with a TCG run of the same cells
    Correlate(correlate::Args),
    /// Fail if a stored run is worse than another
    Gate(gate::Args),
    /// Measure a kernel and compare it with a stored run, for use with `git bisect run`
    BisectStep(Box<bisect_step::Args>),
    /// Show how the cost of monitors develops across stored runs or kernels
    History(history::Args),
    /// Convert a stored run to the format of another program
    Export(export::Args),
    /// Merge the shards of a plan into the run that one machine would have produced
    Merge(merge::Args),
    /// Show or clean the cache of kernels, images and snapshots
    Cache(cache::Args),
    /// Undo what a killed `run --target host` left behind in this machine's kernel
    CleanHost,
    /// Build kernels that no package provides
    Kernel(kernel::Args),
}

/// Parses the command line. `git bisect run` would take clap's exit code 2 for a bad
/// commit, so `bisect-step` replaces it.
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
            // The terminal, and standard error with it, may be gone.
            let _ = writeln!(std::io::stderr(), "hookbench: {error:#}");
            if let Some(stopped) = error.downcast_ref::<Interrupted>() {
                stopped.die();
            }
            // A wrong command line exits with 2, as in clap; any other failure with 1.
            ExitCode::from(if error.is::<Usage>() { 2 } else { 1 })
        }
    }
}
