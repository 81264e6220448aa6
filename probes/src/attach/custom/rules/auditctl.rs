//! Runs Debian's auditctl in the guest.

use std::ffi::OsStr;
use std::process::{Command, ExitStatus};

use anyhow::{Context, Result, ensure};

const AUDITCTL: &str = "/usr/sbin/auditctl";

/// How auditctl ended.
pub(super) struct Answer {
    status: ExitStatus,
    complaints: String,
}

impl Answer {
    /// Whether it ended with 0.
    pub(super) fn succeeded(&self) -> bool {
        self.status.success()
    }

    /// What it wrote to standard error, in one line. It says nothing there before it has added a rule from a file.
    pub(super) fn reason(&self) -> String {
        let unknown =
            ["Unknown user: ", "Unknown group: "].iter().any(|begin| self.complaints.contains(begin));
        match self.complaints.as_str() {
            "" => format!("auditctl gives no reason ({})", self.status),
            complaints if unknown => format!("{complaints}, which the guest does not have; write its number"),
            complaints => complaints.into(),
        }
    }
}

/// Runs auditctl.
///
/// # Errors
/// When it does not start.
pub(super) fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Result<Answer> {
    let output = Command::new(AUDITCTL)
        .args(arguments)
        .output()
        .with_context(|| format!("failed to start {AUDITCTL} in the guest"))?;
    let complaints = String::from_utf8_lossy(&output.stderr);
    let is_reason = |line: &&str| !line.is_empty() && !line.to_ascii_lowercase().starts_with("warning");
    let complaints: Vec<&str> = complaints.lines().map(str::trim).filter(is_reason).collect();
    Ok(Answer { status: output.status, complaints: complaints.join("; ") })
}

/// Deletes all rules.
///
/// # Errors
/// When auditctl fails.
pub(super) fn delete_all() -> Result<()> {
    let answer = run(["-D"])?;
    ensure!(answer.succeeded(), "failed to delete the audit rules: {}", answer.reason());
    Ok(())
}
