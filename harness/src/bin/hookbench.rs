//! The `hookbench` command: parses the command line, calls the subcommand's function
//! in `cmd/` and turns its result into an exit code.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use hookbench::cmd::cli::{Verb, command, parse};
use hookbench::cmd::{
    Usage, advise, bisect_step, cache, clean_host, compare, completions, correlate, doctor, explain, export,
    gate, history, kernel, list, man, merge, reference, report, run, scenario,
};
use hookbench::interrupt::Interrupted;

fn dispatch(verb: Verb) -> Result<ExitCode> {
    match verb {
        Verb::Run(args) => run::run(&args),
        Verb::Scenario(args) => scenario::scenario(&args),
        Verb::Advise(args) => advise::advise(&args),
        Verb::List(args) => list::list(&args),
        Verb::Doctor(args) => doctor::doctor(&args),
        Verb::Report(args) => report::report(&args),
        Verb::Compare(args) => compare::compare(&args),
        Verb::Explain(args) => explain::explain(&args),
        Verb::Correlate(args) => correlate::correlate(&args),
        Verb::Gate(args) => gate::gate(&args),
        Verb::BisectStep(args) => bisect_step::bisect_step(&args),
        Verb::History(args) => history::history(&args),
        Verb::Export(args) => export::export(&args),
        Verb::Merge(args) => merge::merge(&args),
        Verb::Cache(args) => cache::cache(&args),
        Verb::CleanHost => clean_host::clean_host(),
        Verb::Kernel(args) => kernel::kernel(&args),
        Verb::Completions(args) => completions::completions(&args, command()),
        Verb::Man(args) => man::man(&args, command()),
        Verb::Reference => reference::reference(&command()),
    }
}

fn main() -> ExitCode {
    match dispatch(parse().verb) {
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
