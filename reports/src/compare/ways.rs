//! The verdicts on ways of scenarios and the prices of policies, in the formats of a comparison. Without a gate it is a list of the ways that
//! changed.

use hookbench_analysis::gate::VerdictKind;
use hookbench_analysis::scenario::{WayChange, WayMovement};
use maud::{Markup, html};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus};

use super::report::ComparisonReport;
use crate::markdown::{code, escaped, table};
use crate::text::one_line;
use crate::{columns, html as page};

/// The heading of the list.
const HEADING: &str = "Ways with another verdict or price";

/// A way that changed.
pub(super) struct Row<'r> {
    /// What the gate says, or which way the change goes.
    pub(super) word: &'static str,
    /// Whether it is a regression.
    pub(super) is_regression: bool,
    /// The cell and the way.
    pub(super) name: String,
    /// What changed: `seen → missed`.
    pub(super) why: String,
    change: &'r WayChange,
}

/// The ways that changed: those that the gate judges first, in its order.
pub(super) fn rows<'r>(report: &ComparisonReport<'r>) -> Vec<Row<'r>> {
    let judged = report.gate.into_iter().flat_map(|gate| &gate.ways);
    let judged = judged.map(|judgement| (judgement.kind.name(), &judgement.change));
    let mut rows: Vec<Row<'_>> = judged.map(|(word, change)| row(word, change)).collect();
    let others = report.comparison.ways.changed.iter();
    let others = others.filter(|change| !rows.iter().any(|row| row.change == *change));
    let others: Vec<Row<'_>> = others.map(|change| row(word(change.movement), change)).collect();
    rows.extend(others);
    rows
}

fn word(movement: WayMovement) -> &'static str {
    match movement {
        WayMovement::Worse => "worse",
        WayMovement::Better => "better",
        WayMovement::Other => "changed",
    }
}

fn row<'r>(word: &'static str, change: &'r WayChange) -> Row<'r> {
    Row {
        word,
        is_regression: word == VerdictKind::Regression.name(),
        name: one_line(&change.name()),
        why: one_line(&format!("{} → {}", change.words.base, change.words.new)),
        change,
    }
}

/// The list as lines.
pub(super) fn text(report: &ComparisonReport<'_>) -> Vec<String> {
    let rows = rows(report);
    let (shown, left) = report.shown(&rows);
    if shown.is_empty() {
        return Vec::new();
    }
    let fields: Vec<Vec<String>> = shown.iter().map(|row| vec![row.word.into(), row.why.clone()]).collect();
    let widths = columns::widths(&fields, 2);
    let mut lines = vec![String::new(), format!("{HEADING}:")];
    // The name is last and never cut, so that it can be pasted.
    lines.extend(shown.iter().zip(&fields).map(|(row, fields)| {
        let fields = columns::line(fields, &widths, |_| columns::Align::Left);
        format!("  {fields}{}{}", columns::GAP, row.name)
    }));
    lines.extend(super::phrases::more(left).map(|more| format!("  {more}")));
    lines
}

/// The list as a Markdown table; `None` if it is empty.
pub(super) fn markdown(report: &ComparisonReport<'_>) -> Option<String> {
    let rows = rows(report);
    let (shown, left) = report.shown(&rows);
    let more = super::phrases::more(left).map_or_else(String::new, |more| format!("\n{more}\n"));
    let fields = shown.iter().map(|row| vec![row.word.into(), code(&row.name), escaped(&row.why)]);
    let lines = table(&["verdict", "way", "why"], fields);
    (!shown.is_empty()).then(|| format!("## {HEADING}\n\n{lines}{more}"))
}

/// The list as an HTML table.
pub(super) fn html(report: &ComparisonReport<'_>) -> Markup {
    let rows = rows(report);
    let (shown, left) = report.shown(&rows);
    let head = html! { @for name in ["verdict", "way", "why"] { th.t scope="col" { (name) } } };
    let body = html! {
        @for row in shown {
            tr {
                td.t { span.word[row.is_regression] { (row.word) } }
                th.t.cell scope="row" { code { (row.name) } }
                td.t.text { (row.why) }
            }
        }
    };
    html! {
        @if !shown.is_empty() {
            section {
                h2 { (HEADING) }
                (page::table::scrolling(HEADING, "", &head, &body))
                @if let Some(more) = super::phrases::more(left) { p { (more) } }
            }
        }
    }
}

/// The ways that changed as tests, with the names of their suites.
pub(super) fn tests(report: &ComparisonReport<'_>) -> Vec<(String, TestCase)> {
    let test = |row: Row<'_>| {
        let mut status = TestCaseStatus::success();
        if row.is_regression {
            status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(row.why.as_str()).set_type("regression");
        }
        let mut case = TestCase::new(row.name, status);
        case.set_classname("scenarios");
        if !row.is_regression {
            case.set_system_out(format!("{}: {}", row.word, row.why));
        }
        (one_line(&row.change.cell), case)
    };
    rows(report).into_iter().map(test).collect()
}
