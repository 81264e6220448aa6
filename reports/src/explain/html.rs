//! The page: the answer, flame graphs, and a table of all functions that changed; one file that loads nothing.

use hookbench_analysis::attribution::explanation::FunctionCost;
use maud::{Markup, html};

use super::flames::{self, NotDrawn};
use super::{ExplanationReport, phrases};
use crate::html::{POLICY, frame, table};
use crate::text::{one_line, signed};

/// What this page adds to the style of all pages.
const OWN_STYLE: &str =
    ".flames { margin: 1rem 0; } .flames iframe { display: block; width: 100%; border: 0; }
.sums table { width: auto; } .sums th.part { padding-left: 2rem; }
th.function { white-space: normal; overflow-wrap: anywhere; min-width: 10rem; }";

/// The report as HTML.
pub(super) fn render(report: &ExplanationReport<'_>) -> Result<String, NotDrawn> {
    let headline = phrases::headline(report);
    let body = html! {
        main {
            header {
                h1 { (headline) }
                @if report.against.is_none() {
                    p.answer { (phrases::sentences(report).join(" ")) }
                }
            }
            (cells(report))
            (sums(report))
            section {
                h2 { "Flame graphs" }
                p.note { "A function's width is the number of instructions that it and everything below it "
                    "executes. Click a function to enlarge it; click Search to find one by name." }
                (flames::hook(report)?)
                (flames::operation(report)?)
                (flames::compared(report)?)
            }
            (functions(report))
        }
        footer { p { "Made by hookbench." } }
    };
    Ok(frame::document(&headline, Some(POLICY), OWN_STYLE, &body))
}

fn cells(report: &ExplanationReport<'_>) -> Markup {
    let shown = |cell: &hookbench_model::Cell| html! { code { (one_line(&cell.to_string())) } };
    html! {
        dl {
            div { dt { "cell" } dd { (shown(&report.of.cell)) } }
            @match report.against {
                Some(against) => div { dt { "compared with" } dd { (shown(&against.cell)) } },
                None => div { dt { "compared with" } dd { (shown(&report.of.cell.baseline())) } },
            }
            @for (word, meaning) in phrases::WORDS { div { dt { (word) } dd { (meaning) } } }
        }
    }
}

fn sums(report: &ExplanationReport<'_>) -> Markup {
    let head = html! {
        th.t scope="col" { "instructions per operation" }
        @for header in phrases::sum_headers(report) { th scope="col" { (header) } }
    };
    let body = html! {
        @for sum in phrases::sums(report) {
            tr {
                th.t.part[sum.is_part] scope="row" { (sum.what) }
                @for number in sum.shown() { td.number { (number) } }
            }
        }
    };
    html! { section.sums { h2 { "Sums" } (table::scrolling("Sums", "", &head, &body)) } }
}

fn functions(report: &ExplanationReport<'_>) -> Markup {
    let head = html! {
        th.t scope="col" { "function" }
        th scope="col" { "hook " small { "self" } }
        th scope="col" { "hook " small { "total" } }
        th scope="col" { "side effects " small { "self" } }
        th scope="col" { "side effects " small { "total" } }
    };
    let are_differences = report.against.is_some();
    let body = html! { @for function in phrases::functions(report) { (row(&function, are_differences)) } };
    html! {
        section {
            h2 { "Functions that changed" }
            p.unit { "Instructions per operation. Self is the function alone, total includes what it calls." }
            (table::scrolling("Functions that changed", "", &head, &body))
        }
    }
}

fn row(function: &FunctionCost, is_difference: bool) -> Markup {
    let FunctionCost { name, own, total } = function;
    html! {
        tr {
            th.t.function scope="row" { code { (one_line(name)) } }
            td.number { (phrases::shown(own.direct, is_difference)) }
            td.number { (phrases::shown(total.direct, is_difference)) }
            td.number { (signed(own.side_effects())) }
            td.number { (signed(total.side_effects())) }
        }
    }
}
