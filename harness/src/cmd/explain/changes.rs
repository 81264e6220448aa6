//! `compare --explain`: why the cells that changed from one run to another cost more or less, where both runs kept
//! explanations.

use std::path::Path;

use anyhow::Result;
use hookbench_analysis::compare::{BaseAndNew, Change};
use hookbench_reports::explain::{self, ExplanationReport};
use hookbench_reports::text::one_line;

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
                without.push(one_line(&format!("{}: {lacking}", change.cell)));
            }
        }
    }
    if !without.is_empty() {
        text += "Not explained, because a run kept no explanation of the cell:\n";
        text.extend(without.iter().map(|line| format!("  {line}\n")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmd::explain::kept::tests::{KPROBE, store_run};
    use hookbench_analysis::Comparison;
    use hookbench_results::store::load;

    #[test]
    fn changed_cells_are_explained_or_listed_with_the_run_that_kept_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let [base, new] = ["base", "new"].map(|name| folder.path().join(name));
        let other = "6.1/tcg/null-syscall/paced/audit+idle";
        store_run(&base, &[KPROBE, other], Some(KPROBE));
        store_run(&new, &[KPROBE, other], Some(KPROBE));
        let comparison = Comparison::new(&load(&base).unwrap(), &load(&new).unwrap());
        let changes: Vec<&Change> = comparison.numbers.iter().collect();
        let folders = BaseAndNew { base: base.as_path(), new: new.as_path() };
        let text = explain_changes(folders, &changes).unwrap();
        assert!(text.starts_with("kprobe+count on 6.1") && text.contains("in the base"), "{text}");
        assert!(text.ends_with(&format!("explanation of the cell:\n  {other}: both runs\n")), "{text}");
        let without = folder.path().join("without");
        store_run(&without, &[KPROBE], None);
        for (folders, lacking) in [
            (BaseAndNew { base: without.as_path(), new: new.as_path() }, "the base"),
            (BaseAndNew { base: base.as_path(), new: without.as_path() }, "the new run"),
        ] {
            let text = explain_changes(folders, &changes[..1]).unwrap();
            assert!(text.ends_with(&format!("  {KPROBE}: {lacking}\n")), "{text}");
        }
    }
}
