//! The file of a policy: what a user starts from.

use hookbench_scenarios::{PolicyName, lines, policy_file, policy_path};
use serde::Serialize;

/// A policy's file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Its path in hookbench's sources; `None` if it is only generated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its lines, without comments and blank lines.
    pub lines: usize,
    /// The command that prints it. A shell accepts it as it is.
    pub command: String,
}

impl File {
    /// The file of `policy` for `scenario`; `None` if that policy has no file.
    pub(super) fn of(scenario: &str, policy: &str) -> Option<File> {
        let (row, name) = (hookbench_scenarios::find(scenario)?, policy.parse::<PolicyName>().ok()?);
        let file = policy_file(row, name)?;
        let quoted = if policy.contains('[') { format!("'{policy}'") } else { policy.into() };
        Some(File {
            lines: lines(&file),
            command: format!("hookbench scenario policy {scenario} {quoted}"),
            path: policy_path(row, name),
            name: file.name,
        })
    }
}
