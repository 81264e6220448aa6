//! `hookbench scenario privilege`: who may attach policies.

use std::process::ExitCode;

use anyhow::Result;
use hookbench_scenarios::exchange::PrivilegeTry;

use super::experiment::{Args, Results};

/// Tries who may attach the policies, and prints a table.
///
/// # Errors
/// A usage error for an unknown name; otherwise when a guest cannot be started.
pub(super) fn privilege(args: &Args) -> Result<ExitCode> {
    let policies = args.policies(|name| !name.is_none())?;
    let session = args.session()?;
    let mut results = Results::new(["kernel", "policy", "an ordinary user can attach it with"]);
    for kernel in &args.kernel {
        for &policy in &policies {
            let tries = session.privilege(kernel, policy);
            results.add(kernel, policy, &tries, |tries| vec![enough(tries)]);
        }
    }
    results.print(args)
}

/// The sets that are enough.
fn enough(tries: &[PrivilegeTry]) -> String {
    let sets: Vec<&str> =
        tries.iter().filter(|one| one.attached).map(|one| one.capabilities.as_str()).collect();
    match sets.first() {
        None => "nothing that was tried".into(),
        Some(&"none") => "no capability".into(),
        Some(_) => sets.join(", "),
    }
}
