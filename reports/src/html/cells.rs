//! The table of a section: every cell, with its numbers or its outcome.

use hookbench_model::measurement::UNPROVEN;
use maud::{Markup, html};

use super::page::Page;
use super::table;
use crate::cell_columns::{self, CellColumn};
use crate::section::{Row, Section};
use crate::text;

/// The table of `section`'s cells, the command that measures one again, and its notes.
pub(super) fn table(page: &Page<'_>, section: &Section<'_>) -> Markup {
    let notes = section.notes();
    let columns = cell_columns::columns(section);
    let head = html! {
        th scope="col" { "monitor" }
        @for column in &columns { th.t[column.is_text()] scope="col" title=(column.meaning) { (column.name) } }
    };
    let body = html! { @for row in &section.rows { (cell_row(page, &columns, row)) } };
    let label = format!("{}, {}", section.operation(), section.place());
    html! {
        p.unit { "Per operation, in " (text::unit_and_clock(section.clock, section.cell.target))
            "; attaching in the same unit, memory in bytes: " a href="#method-what-do-the-columns-mean" { "what they mean" } "." }
        (table::scrolling(&label, "sorts filters cells", &head, &body))
        p.again { "Measure again: " code { (section.command()) } }
        @if !notes.is_empty() {
            ul.notes { @for (monitor, note) in notes { li { code { (monitor) } ": " (text::one_line(note)) } } }
        }
    }
}

fn cell_row(page: &Page<'_>, columns: &[&CellColumn], row: &Row<'_>) -> Markup {
    html! {
        tr.without[row.summary.is_none()] {
            th scope="row" { code { (row.monitor()) } }
            @for column in columns {
                @if column.is_text() { td.t { (outcome(row)) } }
                @else if column.is_hook() { td { (page.explained(row, html! { ((column.field)(row)) })) } }
                @else { td { ((column.field)(row)) } }
            }
        }
    }
}

/// How the cell ended; a failure is highlighted.
pub(super) fn outcome(row: &Row<'_>) -> Markup {
    let (outcome, word) = (row.outcome(), row.measurement.outcome.word());
    html! {
        @match word {
            "failed" | UNPROVEN => span.word.failed { (outcome) },
            "measured" if outcome == word => (outcome),
            _ => span.word { (outcome) },
        }
    }
}
