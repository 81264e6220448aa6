//! The JSON that github-action-benchmark reads as `customSmallerIsBetter`: a list of
//! objects with `name`, `unit` and `value`, and the texts `range` and `extra` that it
//! shows with them. It is documented in the README of
//! <https://github.com/benchmark-action/github-action-benchmark>.

use hookbench_analysis::Summary;
use hookbench_model::Attribution;
use hookbench_results::Run;
use serde::Serialize;

use crate::section::{self, Row};
use crate::text;

#[derive(Serialize)]
struct Entry {
    name: String,
    unit: &'static str,
    value: i64,
    range: String,
    extra: String,
}

/// The cells of `run` that have numbers: what the monitor itself costs where that is known, under
/// the cell's name and ` (hook)`, and otherwise the median under the cell's name.
pub(super) fn render(run: &Run) -> String {
    let sections = section::sections(run);
    let rows = sections.iter().flat_map(|section| &section.rows);
    let entries = rows.filter_map(|row| Some(entry(row, row.summary?)));
    // Serialising text and numbers cannot fail.
    serde_json::to_string_pretty(&entries.collect::<Vec<_>>()).unwrap_or_default() + "\n"
}

fn entry(row: &Row<'_>, summary: Summary) -> Entry {
    let clock = row.measurement.clock;
    let name = text::one_line(&row.measurement.cell.to_string());
    let added =
        row.added.map_or_else(String::new, |added| format!("\nadded to none: {}", text::signed(added.p50)));
    let clock_and_added = format!("clock: {}{added}", clock.name());
    let hook = row.measured().and_then(|measured| measured.attribution.as_ref());
    match hook {
        Some(hook) => Entry {
            name: format!("{name} (hook)"),
            unit: clock.unit(),
            value: hook.direct_p50,
            range: format!("{} to {}", hook.direct_min, hook.direct_max),
            extra: format!("{}{clock_and_added}\np50: {}", around(hook, row), text::grouped(summary.p50)),
        },
        None => Entry {
            name,
            unit: clock.unit(),
            value: summary.p50.try_into().unwrap_or(i64::MAX),
            range: format!("{} to {}", summary.min, summary.max),
            extra: format!("median of {}\n{clock_and_added}", summary.n),
        },
    }
}

/// How many operations have the hook's median cost, and the rest of what the monitor adds.
fn around(hook: &Attribution, row: &Row<'_>) -> String {
    let share = hook.direct_share;
    let side_effects = row.added.map_or_else(String::new, |added| {
        format!("\nside effects: {}", text::signed(added.p50.saturating_sub(hook.direct_p50)))
    });
    format!("the same in {} of {} operations{side_effects}\n", share.operations, share.of)
}
