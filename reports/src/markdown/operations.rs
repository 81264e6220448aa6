//! The tables of all operations, with what a noisy clock and other clocks add to them.

use super::syntax::{code, escaped, table};
use crate::noise::{self, NoiseTable};
use crate::section::{self, Row, Section};
use crate::{cell_columns, full_tables, text};

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

fn section_tables(section: &Section<'_>) -> String {
    let unit = text::unit_and_clock(section.clock, section.cell.target);
    let columns = cell_columns::columns(section);
    let header: Vec<&str> =
        std::iter::once("monitor").chain(columns.iter().map(|column| column.name)).collect();
    let fields = |row: &Row<'_>| {
        let fields = columns.iter().map(|column| escaped(&(column.field)(row)));
        std::iter::once(code(&row.monitor())).chain(fields).collect()
    };
    format!(
        "\n### {}, {}\n\nPer operation, in {unit}; attaching in the same unit, once; memory in bytes.\n\n{}{}{}",
        code(&section.operation()),
        escaped(&section.place()),
        table(&header, section.rows.iter().map(fields)),
        noise_tables(section),
        notes(section),
    )
}

/// The intervals of a noisy clock, those of the differences from placebos, and the other clocks.
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
    let placebos = noise::placebos(section).map(|found| format!("\n{}", shown(found)));
    let clocks =
        noise::clocks(section).map(|found| format!("\n{}\n\n{}", noise::CLOCKS_MEANING, shown(found)));
    intervals.into_iter().chain(placebos).chain(clocks).collect()
}

fn notes(section: &Section<'_>) -> String {
    let notes = section.notes();
    if notes.is_empty() {
        return String::new();
    }
    let lines = notes.iter().map(|(monitor, note)| format!("- {}: {}\n", code(monitor), escaped(note)));
    format!("\nNotes:\n\n{}", lines.collect::<String>())
}
