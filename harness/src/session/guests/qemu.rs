//! The version of QEMU, which the run records.

use std::process::Command;

use anyhow::{Context, Result};
use hookbench_vm::machine::QEMU;

/// The first line of the output of `qemu --version`.
///
/// # Errors
/// When QEMU is not installed or does not start.
pub fn qemu_version() -> Result<String> {
    let output = Command::new(QEMU).arg("--version").output().with_context(|| {
        format!(
            "failed to start {QEMU}; install it (Debian: qemu-system-x86), or check with: hookbench doctor"
        )
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or("unknown version").to_string())
}
