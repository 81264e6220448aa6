//! A comparison as a page: one file without a script, in the style of `report.html`.

use hookbench_analysis::gate::VerdictKind;
use hookbench_model::Cell;
use maud::{Markup, html};

use super::phrases;
use super::report::ComparisonReport;
use super::tables::{ChangeTable, tables};
use super::ways;
use crate::html::{frame, table};
use crate::text;

/// Names of cells and hashes are long and break into several lines.
const LONG: &str =
    "td.text, th.cell { white-space: normal; overflow-wrap: anywhere; } th.cell { min-width: 15rem; }";

/// The report as HTML.
pub(super) fn render(report: &ComparisonReport<'_>) -> String {
    let runs = phrases::runs(report);
    let body = html! {
        main {
            header {
                h1 { (phrases::heading(report)) }
                p.answer { (phrases::answer(report)) }
                dl {
                    div { dt { "base" } dd { (runs.base) } }
                    div { dt { "new" } dd { (runs.new) } }
                }
                @for remark in phrases::remarks(report) { p { (remark) } }
            }
            (environment(report))
            (verdicts(report))
            (ways::html(report))
            (endings(report))
            (changes(report))
        }
    };
    frame::document(phrases::heading(report), None, LONG, &body)
}

/// A table under a heading; empty when there is no row.
fn section<T>(
    report: &ComparisonReport<'_>,
    heading: &str,
    header: &[(&str, bool)],
    items: &[T],
    row: impl Fn(&T) -> Markup,
) -> Markup {
    let (shown, left) = report.shown(items);
    let head = html! { @for (name, number) in header { th.t[!*number] scope="col" { (name) } } };
    let body = html! { @for item in shown { tr { (row(item)) } } };
    html! {
        @if !shown.is_empty() {
            section {
                h2 { (heading) }
                (table::scrolling(heading, "", &head, &body))
                @if let Some(more) = phrases::more(left) { p { (more) } }
            }
        }
    }
}

fn cell_name(cell: &Cell) -> Markup {
    html! { th.t.cell scope="row" { code { (text::one_line(&cell.to_string())) } } }
}

fn environment(report: &ComparisonReport<'_>) -> Markup {
    let header = [("what", false), ("in the base", false), ("in the new run", false)];
    let differences = &report.comparison.environment;
    section(report, "Differences in the environment", &header, differences, |difference| {
        let [what, base, new] = phrases::difference(difference);
        html! { th scope="row" { (what) } td.t.text { (base) } td.t.text { (new) } }
    })
}

fn verdicts(report: &ComparisonReport<'_>) -> Markup {
    let Some(gate) = report.gate else { return Markup::default() };
    let header = [("verdict", false), ("cell", false), ("why", false)];
    section(report, "Verdicts", &header, &gate.verdicts, |verdict| {
        html! {
            td.t { span.word[verdict.kind == VerdictKind::Regression] { (verdict.kind.name()) } }
            (cell_name(&verdict.cell))
            td.t.text { (phrases::why(verdict)) }
        }
    })
}

fn endings(report: &ComparisonReport<'_>) -> Markup {
    let comparison = report.comparison;
    let header = [("cell", false), ("outcome", false)];
    let line = |cell: &Cell, words: String| html! { (cell_name(cell)) td.t.text { (words) } };
    html! {
        (section(report, "Different outcomes", &header, &comparison.outcomes, |ending| {
            line(&ending.cell, phrases::ending(&ending.ended))
        }))
        (section(report, "Only in the base", &header, &comparison.vanished, |lone| {
            line(&lone.cell, phrases::ended(&lone.ended))
        }))
        (section(report, "Only in the new run", &header, &comparison.appeared, |lone| {
            line(&lone.cell, phrases::ended(&lone.ended))
        }))
        (section(report, "Different clocks", &[("cell", false), ("clock", false)], &comparison.clocks, |clocks| {
            line(&clocks.cell, phrases::other_clock(&clocks.clock))
        }))
    }
}

fn changes(report: &ComparisonReport<'_>) -> Markup {
    html! { @for table in tables(report, "Changed cells") { (changes_of(report, &table)) } }
}

fn changes_of(report: &ComparisonReport<'_>, table: &ChangeTable<'_>) -> Markup {
    let mut header = vec![("cell", false)];
    header.extend(table.columns.iter().map(|name| (*name, true)));
    header.extend([("unit", false), ("notes", false)]);
    section(&table.limited(report), &table.heading, &header, &table.changes, |change| {
        html! {
            (cell_name(&change.cell))
            @for field in (table.fields)(change) { td.number { (field) } }
            td.t { (text::unit_and_clock(change.clock, change.cell.target)) }
            td.t.text { (phrases::notes(change).join("; ")) }
        }
    })
}
