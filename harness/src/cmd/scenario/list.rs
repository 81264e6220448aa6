//! `hookbench scenario list`.

use std::process::ExitCode;

use anyhow::Result;
use hookbench_scenarios::{PolicyName, SCENARIOS};

/// Prints the scenarios with their ways, and the policies.
///
/// # Errors
/// None.
pub(super) fn list() -> Result<ExitCode> {
    for scenario in SCENARIOS {
        println!("{}: {}", scenario.name, scenario.about);
        for way in scenario.ways {
            println!("  {:20} {}", way.name, way.about);
        }
    }
    println!("policies:");
    for name in PolicyName::all() {
        println!("  {:28} {}", name.to_string(), name.policy.about);
    }
    Ok(ExitCode::SUCCESS)
}
