//! `compare --explain`: why the cells that changed from one run to another cost more or less, where both runs kept
//! explanations.

use std::path::Path;

use anyhow::Result;
use hookbench_analysis::compare::{BaseAndNew, Change};
use hookbench_reports::explain::{self, ExplanationReport};

use super::kept;

/// Explains each of `changes` by function, as text: the cell of the new run against that of the base. Lists the cells
/// that it cannot explain, because a run kept no explanation of them.
///
/// # Errors
/// When a kept explanation cannot be read.
pub fn explain_changes(folders: BaseAndNew<&Path>, changes: &[&Change]) -> Result<String> {
    let (mut text, mut without) = (String::new(), Vec::new());
    for change in changes {
        let base = kept::read(folders.base, &change.cell)?;
        match (base, kept::read(folders.new, &change.cell)?) {
            (Some(base), Some(new)) => {
                text += &explain::text(&ExplanationReport { of: &new, against: Some(&base) });
                text.push('\n');
            }
            (base, new) => {
                let lacking = match (base.is_none(), new.is_none()) {
                    (true, true) => "both runs",
                    (true, false) => "the base",
                    _ => "the new run",
                };
                without.push(format!("{}: {lacking}\n", change.cell));
            }
        }
    }
    if !without.is_empty() {
        text += "Not explained, because a run kept no explanation of the cell:\n";
        text.extend(without.iter().map(|line| format!("  {line}")));
    }
    Ok(text)
}
