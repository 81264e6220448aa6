//! `hookbench scenario policy`.

use std::process::ExitCode;

use anyhow::{Result, anyhow};
use hookbench_scenarios::{PolicyName, Scenario, policy_file};

use super::find;
use crate::cmd::usage;

/// Arguments of `hookbench scenario policy`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The scenario
    #[arg(value_name = "SCENARIO")]
    scenario: String,
    /// The policy; lists those that are files by default
    #[arg(value_name = "POLICY")]
    policy: Option<String>,
}

/// Prints the policy's file, or lists the files.
///
/// # Errors
/// A usage error for an unknown name, or for a policy that is not a file.
pub(super) fn policy(args: &Args) -> Result<ExitCode> {
    let scenario = find(&args.scenario).map_err(usage)?;
    let Some(policy) = &args.policy else {
        for (name, file) in files(scenario) {
            println!("{:28} {file}", name.to_string());
        }
        return Ok(ExitCode::SUCCESS);
    };
    let name: PolicyName = policy.parse().map_err(|error| usage(anyhow::Error::new(error)))?;
    let Some(file) = policy_file(scenario, name) else {
        let names: Vec<String> = files(scenario).map(|(name, _)| name.to_string()).collect();
        let text = format!(
            "{policy} has no file for {}; those that have one are {}",
            scenario.name,
            names.join(", ")
        );
        return Err(usage(anyhow!(text)));
    };
    print!("{}", file.text);
    Ok(ExitCode::SUCCESS)
}

/// The policies of `scenario` that are files, and the names of their files.
fn files(scenario: &'static Scenario) -> impl Iterator<Item = (PolicyName, String)> {
    PolicyName::all().filter_map(move |name| Some((name, policy_file(scenario, name)?.name)))
}
