//! `--settle LEDGER`: undoes what an interrupted run left in the kernel. What a ledger can list is known in
//! `hookbench-probes`.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use hookbench_probes::attach::ledger;

/// Undoes what the ledger at `path` lists, and prints each of the changes.
pub(crate) fn run(path: &str) -> ExitCode {
    match ledger::settle(Path::new(path)) {
        Ok(undone) => {
            let lines: String = undone.iter().map(|undo| format!("{undo:?}\n")).collect();
            let _ = io::stdout().write_all(lines.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("hookbench-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}
