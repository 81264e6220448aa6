//! The version of QEMU, which the run records.

use std::process::{Command, Stdio};

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

/// Whether QEMU can load plugins. Debian's can; it is an option of its build.
///
/// # Errors
/// When QEMU is not installed or does not start.
pub(super) fn has_plugins() -> Result<bool> {
    // A QEMU without plugins does not know the option. The others fail to load the file.
    let output = Command::new(QEMU).args(["-plugin", "file=/dev/null"]).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("failed to start {QEMU}"))?;
    Ok(!String::from_utf8_lossy(&output.stderr).contains("invalid option"))
}
