//! The tables of all operations, with what a noisy clock and other clocks add to them.

use hookbench_analysis::Summary;

use super::syntax::{code, escaped, table};
use crate::noise::{self, NoiseTable};
use crate::section::{self, Row, Section};
use crate::{full_tables, text};

/// The tables of the sections that the report shows in full, by workload.
pub(super) fn workloads(sections: &[Section<'_>]) -> String {
    let omission = full_tables::omission(sections);
    let mut text = if omission.is_empty() { omission } else { format!("\n{}\n", escaped(&omission)) };
    let shown = full_tables::shown(sections);
    for (workload, group) in section::gathered(shown, |section| section.cell.workload.as_str()) {
        text += &format!("\n## {}\n", escaped(workload));
        for section in group {
            text += &section_tables(section);
        }
    }
    text
}

const HEADER: [&str; 14] = [
    "monitor",
    "p50",
    "added",
    "ratio",
    "seen/lost",
    "outcome",
    "min",
    "p90",
    "p99",
    "max",
    "mean",
    "n",
    "attach",
    "memory (bytes)",
];

fn section_tables(section: &Section<'_>) -> String {
    let unit = text::unit_and_clock(section.clock, section.cell.target);
    format!(
        "\n### {}, {}\n\nPer operation, in {unit}; attaching in the same unit, once.\n\n{}{}{}",
        code(&section.operation()),
        escaped(&section.place()),
        table(&HEADER, section.rows.iter().map(row_fields)),
        noise_tables(section),
        notes(section),
    )
}

fn row_fields(row: &Row<'_>) -> Vec<String> {
    let (added, summary) = (row.added, row.summary);
    let number = |value: Option<u64>| value.map_or_else(String::new, text::grouped);
    let statistic = |pick: fn(Summary) -> u64| number(summary.map(pick));
    let memory = row.measured().and_then(|measured| measured.memory_bytes);
    vec![
        code(&row.monitor()),
        statistic(|summary| summary.p50),
        added.map_or_else(String::new, |added| text::signed(added.p50)),
        added.map_or_else(String::new, |added| text::ratio(added.ratio)),
        row.seen_lost(),
        escaped(&row.outcome()),
        statistic(|summary| summary.min),
        statistic(|summary| summary.p90),
        statistic(|summary| summary.p99),
        statistic(|summary| summary.max),
        summary.map_or_else(String::new, |summary| text::mean(summary.mean)),
        statistic(|summary| summary.n as u64),
        number(row.measured().and_then(|measured| measured.attach_cost)),
        memory.map_or_else(String::new, text::signed),
    ]
}

/// The intervals of a noisy clock, and the other clocks.
fn noise_tables(section: &Section<'_>) -> String {
    let shown = |found: NoiseTable| {
        let field = |(column, field): (usize, String)| match column {
            0 => code(&field),
            _ => escaped(&field),
        };
        let fields = |row: Vec<String>| row.into_iter().enumerate().map(field).collect();
        table(found.header, found.rows.into_iter().map(fields))
    };
    let intervals =
        noise::intervals(section).map(|found| format!("\n{}\n\n{}", noise::MEANING, shown(found)));
    let clocks =
        noise::clocks(section).map(|found| format!("\n{}\n\n{}", noise::CLOCKS_MEANING, shown(found)));
    intervals.into_iter().chain(clocks).collect()
}

fn notes(section: &Section<'_>) -> String {
    let notes = section.notes();
    if notes.is_empty() {
        return String::new();
    }
    let lines = notes.iter().map(|(monitor, note)| format!("- {}: {}\n", code(monitor), escaped(note)));
    format!("\nNotes:\n\n{}", lines.collect::<String>())
}
