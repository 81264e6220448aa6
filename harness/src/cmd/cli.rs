//! The command line: every subcommand with its arguments. `command` is what completion
//! scripts, man pages and `docs/reference/cli.md` are generated from.

use clap::{CommandFactory, Parser, Subcommand};

use super::{
    EXIT_CODES, advise, bisect_step, cache, compare, completions, correlate, doctor, explain, export, gate,
    history, kernel, list, man, merge, report, run, scenario,
};

/// Measure what Linux security and tracing hooks cost, exactly.
#[derive(Parser)]
#[command(name = "hookbench", version, max_term_width = 100, after_help = EXIT_CODES)]
pub struct Line {
    /// The subcommand.
    #[command(subcommand)]
    pub verb: Verb,
}

/// A subcommand.
#[derive(Subcommand)]
pub enum Verb {
    /// Boot kernels, run workloads under monitors and write a report
    Run(Box<run::Args>),
    /// Try what policies see and stop: the ways to reach what a defender cares about
    Scenario(scenario::Args),
    /// Choose a mechanism: which policies see and stop what you name, and what they cost
    Advise(advise::Args),
    /// List the available kernels, workloads, monitors, behaviours or plans
    List(list::Args),
    /// Check what this machine can run, and how to install what is missing
    Doctor(doctor::Args),
    /// Render the reports of a stored run again
    Report(report::Args),
    /// Show what changed from one stored run to another
    Compare(compare::Args),
    /// Show why a cell costs what it costs, function by function
    Explain(Box<explain::Args>),
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
    /// Print a shell's completion script
    Completions(completions::Args),
    /// Write the man pages
    #[command(hide = true)]
    Man(man::Args),
    /// Print the reference of the command line as Markdown
    #[command(hide = true)]
    Reference,
}

/// The command line as data.
pub fn command() -> clap::Command {
    Line::command()
}

/// Parses the command line of this process. `git bisect run` would take clap's exit code
/// 2 for a bad commit, so `bisect-step` replaces it. Ends the process if the command line
/// is wrong.
pub fn parse() -> Line {
    Line::try_parse().unwrap_or_else(|error| {
        let bisects = std::env::args_os().nth(1).is_some_and(|verb| verb == "bisect-step");
        if bisects && error.use_stderr() {
            let _ = error.print();
            std::process::exit(bisect_step::WRONG.into());
        }
        error.exit()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_of_no_subcommand_contradict_each_other() {
        command().debug_assert();
    }
}
