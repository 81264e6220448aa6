//! The table of a section: every cell, with its numbers or its outcome.

use hookbench_analysis::Summary;
use hookbench_model::measurement::UNPROVEN;
use maud::{Markup, html};

use super::table;
use crate::section::{Row, Section};
use crate::text;

/// Name and meaning of the columns of numbers. The column of outcomes comes before the
/// last [`DETAILS`] of them.
const NUMBERS: [(&str, &str); 12] = [
    ("p50", "median, per operation"),
    ("added", "p50 minus the p50 of none"),
    ("ratio", "p50 divided by the p50 of none"),
    ("seen/lost", "events the monitor saw and lost"),
    ("min", "smallest"),
    ("p90", "90th percentile"),
    ("p99", "99th percentile"),
    ("max", "largest"),
    ("mean", "arithmetic mean"),
    ("n", "number of timed operations"),
    ("attach", "cost of loading and attaching once, in the same unit"),
    ("memory", "bytes by which attaching reduced the guest's free memory"),
];
const DETAILS: usize = 8;

/// The table of `section`'s cells, the command that measures one again, and its notes.
pub(super) fn table(section: &Section<'_>) -> Markup {
    let notes = section.notes();
    let head = html! {
        th scope="col" { "monitor" }
        @for (index, (name, meaning)) in NUMBERS.iter().enumerate() {
            @if index == NUMBERS.len() - DETAILS { th.t scope="col" { "outcome" } }
            th scope="col" title=(meaning) { (name) }
        }
    };
    let body = html! { @for row in &section.rows { (cell_row(row)) } };
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

fn cell_row(row: &Row<'_>) -> Markup {
    html! {
        tr.without[row.summary.is_none()] {
            th scope="row" { code { (row.monitor()) } }
            @for (index, number) in numbers(row).iter().enumerate() {
                @if index == NUMBERS.len() - DETAILS { td.t { (outcome(row)) } }
                td { (number) }
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

fn numbers(row: &Row<'_>) -> [String; 12] {
    let statistic = |pick: fn(&Summary) -> u64| {
        row.summary.as_ref().map_or_else(String::new, |summary| text::grouped(pick(summary)))
    };
    let measured = row.measured();
    let attach = measured.and_then(|measured| measured.attach_cost);
    let memory = measured.and_then(|measured| measured.memory_bytes);
    [
        statistic(|summary| summary.p50),
        row.added.map_or_else(String::new, |added| text::signed(added.p50)),
        row.added.map_or_else(String::new, |added| text::ratio(added.ratio)),
        row.seen_lost(),
        statistic(|summary| summary.min),
        statistic(|summary| summary.p90),
        statistic(|summary| summary.p99),
        statistic(|summary| summary.max),
        row.summary.map_or_else(String::new, |summary| text::mean(summary.mean)),
        statistic(|summary| summary.n as u64),
        attach.map_or_else(String::new, text::grouped),
        memory.map_or_else(String::new, text::signed),
    ]
}
