//! `hookbench scenario mitigate`: how fast policies come and go.

use std::process::ExitCode;

use anyhow::Result;
use hookbench_reports::text::grouped;
use hookbench_scenarios::Action;
use hookbench_scenarios::exchange::Mitigated;

use super::experiment::{Args, Results};

/// Times the policies and prints a table.
///
/// # Errors
/// A usage error for an unknown name; otherwise when a guest cannot be started.
pub(super) fn mitigate(args: &Args) -> Result<ExitCode> {
    let policies = args.policies(|name| name.policy.action != Action::Watch)?;
    let session = args.session()?;
    let mut results = Results::new([
        "kernel",
        "policy",
        "applied",
        "CPU time",
        "first refusal",
        "running processes",
        "undone",
        "agent killed",
    ]);
    for kernel in &args.kernel {
        for &policy in &policies {
            results.add(kernel, policy, &session.mitigate(kernel, policy), cells);
        }
    }
    results.print(args)
}

fn cells(found: &Mitigated) -> Vec<String> {
    vec![
        grouped(found.applied),
        grouped(found.apply_work),
        found.refused.map_or_else(|| "never".into(), grouped),
        if found.reaches_running { "stopped" } else { "not reached" }.into(),
        match (found.refused, found.undone) {
            (None, _) => "–".into(),
            (_, None) => "never".into(),
            (_, Some(undone)) => grouped(undone),
        },
        if found.survives_agent { "still stops" } else { "gone" }.into(),
    ]
}
