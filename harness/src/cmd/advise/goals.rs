//! The goals that the arguments name. A behaviour of hookbench stands for the scenario about it.

use anyhow::{Result, anyhow};
use hookbench_analysis::advice::Goal;
use hookbench_plan::select;

use super::Args;
use crate::cmd::say;

/// Behaviours with another name than the scenario about them.
const BEHAVIOURS: &[(&str, &str)] = &[("mprotect", "execmem")];

/// The goals in `args`, of the scenarios in `known`.
///
/// # Errors
/// When no run has a named scenario.
pub(super) fn goals(args: &Args, known: &[String]) -> Result<Vec<Goal>> {
    let chosen = |patterns: &[&Vec<String>]| -> Result<Vec<String>> {
        let mut chosen: Vec<String> = Vec::new();
        for pattern in patterns.iter().copied().flatten() {
            let selected = select("scenario", &[scenario_of(pattern)], known)
                .map_err(|error| untried(pattern, error))?;
            chosen.extend(selected.into_iter().filter(|name| !chosen.contains(name)).collect::<Vec<_>>());
        }
        Ok(chosen)
    };
    Ok(Goal::all(&chosen(&[&args.watch, &args.against])?, &chosen(&[&args.deny, &args.against])?))
}

/// The scenario that `pattern` stands for.
fn scenario_of(pattern: &str) -> String {
    let Some((behaviour, scenario)) = BEHAVIOURS.iter().find(|(behaviour, _)| *behaviour == pattern) else {
        return pattern.into();
    };
    say::aside(&format!("{behaviour} is a behaviour; the scenario about it is {scenario}"));
    (*scenario).into()
}

/// The error about a scenario that no run has. One that exists can be tried.
fn untried(pattern: &str, error: anyhow::Error) -> anyhow::Error {
    match hookbench_scenarios::find(pattern) {
        Some(_) => {
            anyhow!(
                "no run has tried the scenario {pattern}; hookbench scenario run --scenario {pattern} does"
            )
        }
        None => error,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::args;
    use super::*;

    #[test]
    fn a_scenario_in_both_lists_is_one_goal() {
        let known = ["userns", "exec", "execmem"].map(String::from);
        let goals = |line| goals(&args(line).unwrap(), &known);
        let goal = |scenario: &str, watch, deny| Goal { scenario: scenario.into(), watch, deny };
        assert_eq!(
            goals("--watch exec,userns --deny userns").unwrap(),
            [goal("exec", true, false), goal("userns", true, true)]
        );
        assert_eq!(goals("--against userns").unwrap(), [goal("userns", true, true)]);
        assert_eq!(goals("--deny exec*").unwrap(), [goal("exec", false, true), goal("execmem", false, true)]);
        assert_eq!(goals("--watch mprotect").unwrap(), [goal("execmem", true, false)]);
        let error = |line| goals(line).unwrap_err().to_string();
        assert!(error("--watch ptrace").contains("hookbench scenario run --scenario ptrace"));
        assert!(error("--watch levitation").contains("known scenarios: userns, exec, execmem"));
    }
}
