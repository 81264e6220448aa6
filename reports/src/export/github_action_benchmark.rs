//! The JSON that github-action-benchmark reads as `customSmallerIsBetter`: a list of
//! objects with `name`, `unit` and `value`, and the texts `range` and `extra` that it
//! shows with them. It is documented in the README of
//! <https://github.com/benchmark-action/github-action-benchmark>.

use hookbench_results::Run;
use serde::Serialize;

use crate::section;
use crate::text;

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: u64,
    range: String,
    extra: String,
}

/// The medians of all cells of `run` that have one.
pub(super) fn render(run: &Run) -> String {
    let sections = section::sections(run);
    let rows = sections.iter().flat_map(|section| &section.rows);
    let entries = rows.filter_map(|row| {
        let (summary, measurement) = (row.summary?, row.measurement);
        let added = row
            .added
            .map_or_else(String::new, |added| format!("\nadded to none: {}", text::signed(added.p50)));
        Some(Entry {
            name: text::one_line(&measurement.cell.to_string()),
            unit: measurement.clock.unit(),
            value: summary.p50,
            range: format!("{} to {}", summary.min, summary.max),
            extra: format!("median of {}\nclock: {}{added}", summary.n, measurement.clock.name()),
        })
    });
    // Serialising text and numbers cannot fail.
    serde_json::to_string_pretty(&entries.collect::<Vec<_>>()).unwrap_or_default() + "\n"
}
