//! What is said to whoever started the command. That nobody listens any more, as
//! when a pipe was closed or a terminal has gone, is no reason to lose a run.

use std::io::{self, Write};

use anyhow::{Context, Result};

/// Says a line on standard error.
pub(crate) fn aside(line: &str) {
    // There is nowhere else to say that it failed.
    let _ = writeln!(io::stderr(), "{line}");
}

/// Shows a part of a guest's console, made harmless before, on standard error.
pub(crate) fn console(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Writes `text` to standard output.
///
/// # Errors
/// When it cannot be written, but for a pipe that was closed: whoever closed it
/// has seen enough.
pub(crate) fn result(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("failed to write to standard output"),
    }
}
