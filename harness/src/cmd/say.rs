//! Writes to standard output and standard error. A closed pipe or terminal must not end
//! a run.

use std::io::{self, Write};

use anyhow::{Context, Result};

/// Writes a line to standard error.
pub(crate) fn aside(line: &str) {
    // Nowhere is left to report that this failed.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes a part of a guest's console, already sanitised, to standard error.
pub(crate) fn console(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes `text` to standard output.
///
/// # Errors
/// When the write fails. A closed pipe is not an error: its reader has seen enough.
pub(crate) fn result(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("failed to write to standard output"),
    }
}
