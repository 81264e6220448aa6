//! The table of a section: every cell, with its numbers or its word.

use hookbench_analysis::Summary;
use maud::{Markup, html};

use crate::section::{Row, Section};
use crate::text;

/// Header and meaning of the columns of numbers; the outcome stands before the
/// [`DETAILS`] last of them.
const NUMBERS: [(&str, &str); 12] = [
    ("p50", "median, per operation"),
    ("added", "p50 less the p50 of none"),
    ("ratio", "p50 to the p50 of none"),
    ("seen/lost", "events the monitor saw and lost"),
    ("min", "smallest"),
    ("p90", "90 % are not larger"),
    ("p99", "99 % are not larger"),
    ("max", "largest"),
    ("mean", "arithmetic mean"),
    ("n", "operations timed"),
    ("attach", "what loading and attaching cost, once, in the same unit"),
    ("memory", "bytes by which attaching lowered the guest's free memory"),
];
const DETAILS: usize = 8;

/// The table of `section`'s cells, in a container that scrolls, and its notes.
pub(super) fn cells(section: &Section<'_>) -> Markup {
    let notes = section.notes();
    html! {
        p.unit { "Per operation, in " (text::unit_and_clock(section.clock, section.cell.target))
            "; attaching in the same unit, memory in bytes: " a href="#method-what-do-the-columns-mean" { "what they mean" } "." }
        div.table tabindex="0" role="region" aria-label={ "Table: " (section.operation()) ", " (section.place()) } {
            table.sorts.filters.cells {
                thead { tr {
                    th scope="col" { "monitor" }
                    @for (index, (name, about)) in NUMBERS.iter().enumerate() {
                        @if index == NUMBERS.len() - DETAILS { th.t scope="col" { "outcome" } }
                        th scope="col" title=(about) { (name) }
                    }
                } }
                tbody { @for row in &section.rows { (line(row)) } }
            }
        }
        p.again { "Again: " code { (section.again()) } }
        @if !notes.is_empty() {
            ul.notes { @for (monitor, note) in notes { li { code { (monitor) } ": " (text::one_line(note)) } } }
        }
    }
}

fn line(row: &Row<'_>) -> Markup {
    html! {
        tr.without[row.summary.is_none()] {
            th scope="row" { code { (row.monitor()) } }
            @for (index, number) in numbers(row).iter().enumerate() {
                @if index == NUMBERS.len() - DETAILS { td.t { (word(row)) } }
                td { (number) }
            }
        }
    }
}

/// How the cell ended; what failed stands out.
pub(super) fn word(row: &Row<'_>) -> Markup {
    let (outcome, word) = (row.outcome(), row.measurement.outcome.word());
    html! {
        @match word {
            "failed" => span.word.failed { (outcome) },
            "measured" if outcome == word => (outcome),
            _ => span.word { (outcome) },
        }
    }
}

fn numbers(row: &Row<'_>) -> [String; 12] {
    let of = |pick: fn(&Summary) -> u64| {
        row.summary.as_ref().map_or_else(String::new, |summary| text::grouped(pick(summary)))
    };
    let measured = row.measured();
    let attach = measured.and_then(|measured| measured.attach_cost);
    let memory = measured.and_then(|measured| measured.memory_bytes);
    [
        of(|summary| summary.p50),
        row.added.map_or_else(String::new, |added| text::signed(added.p50)),
        row.added.map_or_else(String::new, |added| text::ratio(added.ratio)),
        row.seen_lost(),
        of(|summary| summary.min),
        of(|summary| summary.p90),
        of(|summary| summary.p99),
        of(|summary| summary.max),
        row.summary.map_or_else(String::new, |summary| text::mean(summary.mean)),
        of(|summary| summary.n as u64),
        attach.map_or_else(String::new, text::grouped),
        memory.map_or_else(String::new, text::signed),
    ]
}
