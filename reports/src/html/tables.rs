//! The table of a section: every cell, with its numbers or its word.

use hookbench_results::Summary;
use maud::{Markup, html};

use crate::section::{Row, Section};
use crate::text;

/// Header and meaning of the columns of numbers.
const NUMBERS: [(&str, &str); 12] = [
    ("p50", "median, per operation"),
    ("added", "p50 less the p50 of none"),
    ("ratio", "p50 to the p50 of none"),
    ("min", "smallest"),
    ("p90", "90 % are not larger"),
    ("p99", "99 % are not larger"),
    ("max", "largest"),
    ("mean", "arithmetic mean"),
    ("n", "operations timed"),
    ("seen/lost", "events the monitor saw and lost"),
    ("attach", "what loading and attaching cost, once, in the same unit"),
    ("memory", "bytes by which attaching lowered the guest's free memory"),
];

/// The table of `section`'s cells, in a container that scrolls, and its notes.
pub(super) fn cells(section: &Section<'_>) -> Markup {
    let notes = section.notes();
    html! {
        div.table tabindex="0" role="region" aria-label={ "Table: " (section.operation()) ", " (section.place()) } {
            table {
                caption { "Per operation, in " (text::unit_and_clock(section.clock, section.cell.target))
                    ". Memory in bytes." }
                thead { tr {
                    th scope="col" { "monitor" }
                    @for (name, about) in NUMBERS { th.number scope="col" title=(about) { (name) } }
                    th scope="col" { "outcome" }
                } }
                tbody { @for row in &section.rows { (line(row)) } }
            }
        }
        @if !notes.is_empty() {
            ul.notes { @for (monitor, note) in notes { li { code { (monitor) } ": " (text::one_line(note)) } } }
        }
    }
}

fn line(row: &Row<'_>) -> Markup {
    let outcome = row.outcome();
    let without = row.summary.is_none();
    html! {
        tr.without[without] {
            th scope="row" { code { (row.monitor()) } }
            @for number in numbers(row) { td.number { (number) } }
            td.outcome { span.word[outcome != "measured"] { (outcome) } }
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
        of(|summary| summary.min),
        of(|summary| summary.p90),
        of(|summary| summary.p99),
        of(|summary| summary.max),
        row.summary.map_or_else(String::new, |summary| format!("{:.1}", summary.mean)),
        of(|summary| summary.n as u64),
        row.seen_lost(),
        attach.map_or_else(String::new, text::grouped),
        memory.map_or_else(String::new, text::signed),
    ]
}
