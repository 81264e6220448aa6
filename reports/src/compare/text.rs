//! A comparison for the terminal and for logs. The name of a cell is last on its line and
//! never cut, so that it can be pasted.

use hookbench_analysis::compare::Change;

use super::phrases;
use super::report::ComparisonReport;
use super::tables::{ChangeTable, tables};
use super::ways;
use crate::columns::{self, Align};
use crate::text::{one_line, unit_and_clock};

/// The report as lines.
pub(super) fn render(report: &ComparisonReport<'_>) -> String {
    let runs = phrases::runs(report);
    let mut lines = vec![format!("base  {}", runs.base), format!("new   {}", runs.new), String::new()];
    lines.push(phrases::answer(report));
    lines.extend(phrases::remarks(report));
    lines.extend(environment(report));
    lines.extend(verdicts(report));
    lines.extend(ways::text(report));
    lines.extend(changes(report));
    lines.extend(endings(report));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// A heading and the shown lines below it; empty when there are none.
fn list<T>(
    report: &ComparisonReport<'_>,
    heading: &str,
    items: &[T],
    line: impl Fn(&T) -> Vec<String>,
) -> Vec<String> {
    let (shown, left) = report.shown(items);
    if shown.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), format!("{heading}:")];
    lines.extend(shown.iter().flat_map(line).chain(phrases::more(left)).map(|line| format!("  {line}")));
    lines
}

fn environment(report: &ComparisonReport<'_>) -> Vec<String> {
    list(report, "Differences in the environment", &report.comparison.environment, |difference| {
        let [what, base, new] = phrases::difference(difference);
        vec![what, format!("  {base}"), format!("  → {new}")]
    })
}

fn verdicts(report: &ComparisonReport<'_>) -> Vec<String> {
    let Some(gate) = report.gate else { return Vec::new() };
    list(report, "Verdicts", &gate.verdicts, |verdict| {
        let cell = one_line(&verdict.cell.to_string());
        vec![format!("{}: {cell}", verdict.kind.name()), format!("  {}", phrases::why(verdict))]
    })
}

fn endings(report: &ComparisonReport<'_>) -> Vec<String> {
    let comparison = report.comparison;
    let cell = |cell: &hookbench_model::Cell| one_line(&cell.to_string());
    let mut lines = list(report, "Different outcomes", &comparison.outcomes, |ending| {
        vec![cell(&ending.cell), format!("  {}", phrases::ending(&ending.ended))]
    });
    let lone = [("Only in the base", &comparison.vanished), ("Only in the new run", &comparison.appeared)];
    for (heading, cells) in lone {
        lines.extend(list(&report.briefly(), heading, cells, |lone| {
            vec![format!("{} ({})", cell(&lone.cell), phrases::ended(&lone.ended))]
        }));
    }
    lines.extend(list(report, "Different clocks", &comparison.clocks, |clocks| {
        vec![format!("{}: {}", cell(&clocks.cell), phrases::other_clock(&clocks.clock))]
    }));
    lines
}

/// A table for each unit, and for each number that cells are compared by.
fn changes(report: &ComparisonReport<'_>) -> Vec<String> {
    let tables = tables(report, "Changed");
    tables.iter().flat_map(|table| by_unit(&table.limited(report), table)).collect()
}

fn by_unit(report: &ComparisonReport<'_>, table: &ChangeTable<'_>) -> Vec<String> {
    let unit_of = |change: &Change| unit_and_clock(change.clock, change.cell.target);
    let mut units: Vec<String> = Vec::new();
    for unit in table.changes.iter().map(|change| unit_of(change)) {
        if !units.contains(&unit) {
            units.push(unit);
        }
    }
    let of_unit = |unit: &str| -> Vec<&Change> {
        table.changes.iter().copied().filter(|change| unit_of(change) == unit).collect()
    };
    units.iter().flat_map(|unit| lines(report, table, unit, &of_unit(unit))).collect()
}

/// The lines of those cells of `table` that have this unit.
fn lines(
    report: &ComparisonReport<'_>,
    table: &ChangeTable<'_>,
    unit: &str,
    changes: &[&Change],
) -> Vec<String> {
    let (shown, left) = report.shown(changes);
    let header = table.columns.iter().map(|name| name.to_string()).collect();
    let rows = shown.iter().map(|change| (table.fields)(change));
    let rows: Vec<Vec<String>> = std::iter::once(header).chain(rows).collect();
    let widths = columns::widths(&rows, table.columns.len());
    // The name of the cell is last and neither padded nor cut.
    let line = |fields: &[String], cell: &str| {
        [&columns::line(fields, &widths, |_| Align::Right), columns::GAP, cell].concat()
    };
    let mut lines = vec![String::new(), format!("{}, per operation in {unit}:", table.heading)];
    lines.push(line(&rows[0], "cell"));
    for (change, row) in shown.iter().zip(&rows[1..]) {
        lines.push(line(row, &one_line(&change.cell.to_string())));
        lines.extend(phrases::notes(change).into_iter().map(|note| format!("    {note}")));
    }
    lines.extend(phrases::more(left));
    lines
}
