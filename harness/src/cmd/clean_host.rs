//! `hookbench clean-host`: undoes what a killed `run --target host` left behind in this
//! machine's kernel.

use std::process::ExitCode;

use anyhow::Result;
use hookbench_reports::text::count;

use super::say;
use crate::session::host;

/// Undoes it and lists what it undid.
///
/// # Errors
/// When a run is in progress, or hookbench cannot undo a change. The ledger then stays.
pub fn clean_host() -> Result<ExitCode> {
    let undone = host::clean()?;
    let text = match undone.len() {
        0 => "nothing is left to undo\n".to_string(),
        number => format!("undid {}:\n  {}\n", count(number, "change"), undone.join("\n  ")),
    };
    say::result(&text)?;
    Ok(ExitCode::SUCCESS)
}
