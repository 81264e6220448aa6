//! `hookbench scenario`: tries the ways of scenarios under policies, and lists them.

use std::fmt::Display;
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use clap::Subcommand;

mod claims;
mod experiment;
mod list;
mod mitigate;
mod policy;
mod privilege;
mod race;
mod react;
mod run;

/// Arguments of `hookbench scenario`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// List the scenarios with their ways, and the policies
    List(list::Args),
    /// Try the ways of scenarios, and print which policies see and stop each
    Run(Box<run::Args>),
    /// Print the file of a policy, to take away
    Policy(policy::Args),
    /// Time how fast policies come and go
    Mitigate(experiment::Args),
    /// Test what people say about mechanisms with stored results
    Claims(claims::Args),
    /// Try which capabilities an ordinary user needs to attach policies
    Privilege(experiment::Args),
    /// Rewrite a path between check and use, and print which records lie and for how many instructions
    Race(race::Args),
    /// Time how fast a mitigation follows a signal
    React(react::Args),
}

/// Runs the subcommand.
///
/// # Errors
/// Those of the subcommand.
pub fn scenario(args: &Args) -> Result<ExitCode> {
    match &args.verb {
        Verb::List(args) => list::list(args),
        Verb::Run(args) => run::run(args),
        Verb::Policy(args) => policy::policy(args),
        Verb::Mitigate(args) => mitigate::mitigate(args),
        Verb::Claims(args) => claims::claims(args),
        Verb::Privilege(args) => privilege::privilege(args),
        Verb::Race(args) => race::race(args),
        Verb::React(args) => react::react(args),
    }
}

/// The scenario called `name`.
fn find(name: &str) -> Result<&'static hookbench_scenarios::Scenario> {
    hookbench_scenarios::find(name).ok_or_else(|| {
        let names: Vec<&str> = hookbench_scenarios::SCENARIOS.iter().map(|scenario| scenario.name).collect();
        anyhow!("there is no scenario {name:?}; the scenarios are {}", names.join(", "))
    })
}

/// The one of `all` that is called `name`, or the names.
fn named<T: Copy + Display>(name: &str, all: &[T]) -> Result<T, String> {
    all.iter().copied().find(|one| one.to_string() == name).ok_or_else(|| {
        let names: Vec<String> = all.iter().map(T::to_string).collect();
        format!("the names are {}", names.join(", "))
    })
}
