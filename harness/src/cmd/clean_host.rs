//! `hookbench clean-host`: undoes what a killed `run --target host` has left in this
//! machine's kernel.

use std::process::ExitCode;

use anyhow::Result;

use super::say;
use crate::host;

/// Undoes it, and says what it was.
///
/// # Errors
/// When a run is at work, or something could not be undone: the ledger then stays.
pub fn clean_host() -> Result<ExitCode> {
    let undone = host::clean()?;
    let said = match undone.len() {
        0 => "nothing is left to undo\n".to_string(),
        number => format!("undone, {number} in all:\n  {}\n", undone.join("\n  ")),
    };
    say::result(&said)?;
    Ok(ExitCode::SUCCESS)
}
