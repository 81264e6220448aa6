//! A comparison as Markdown, for the comment on a pull request and the summary of a CI
//! job.

use super::phrases;
use super::report::ComparisonReport;
use super::tables::{ChangeTable, tables};
use super::ways;
use crate::markdown::{code, escaped, table};
use crate::text;

/// The report as Markdown.
pub(super) fn render(report: &ComparisonReport<'_>) -> String {
    let runs = phrases::runs(report);
    let mut parts = vec![
        format!("# {}\n", phrases::heading(report)),
        format!("{}\n", escaped(&phrases::answer(report))),
        format!("- base: {}\n- new: {}\n", escaped(&runs.base), escaped(&runs.new)),
    ];
    parts.extend(phrases::remarks(report).iter().map(|remark| format!("{}\n", escaped(remark))));
    parts.extend(
        [environment(report), verdicts(report), ways::markdown(report), endings(report), changes(report)]
            .into_iter()
            .flatten(),
    );
    parts.join("\n")
}

/// A heading and a table below it; `None` when there is no row.
fn section<T>(
    report: &ComparisonReport<'_>,
    heading: &str,
    header: &[&str],
    items: &[T],
    row: impl Fn(&T) -> Vec<String>,
) -> Option<String> {
    let (shown, left) = report.shown(items);
    let more = phrases::more(left).map_or_else(String::new, |more| format!("\n{more}\n"));
    let lines = table(header, shown.iter().map(row));
    (!shown.is_empty()).then(|| format!("## {heading}\n\n{lines}{more}"))
}

fn environment(report: &ComparisonReport<'_>) -> Option<String> {
    let header = ["what", "in the base", "in the new run"];
    section(report, "Differences in the environment", &header, &report.comparison.environment, |difference| {
        phrases::difference(difference).map(|word| escaped(&word)).into()
    })
}

fn verdicts(report: &ComparisonReport<'_>) -> Option<String> {
    let gate = report.gate?;
    section(report, "Verdicts", &["verdict", "cell", "why"], &gate.verdicts, |verdict| {
        vec![verdict.kind.name().into(), code(&verdict.cell.to_string()), escaped(&phrases::why(verdict))]
    })
}

fn endings(report: &ComparisonReport<'_>) -> Option<String> {
    let comparison = report.comparison;
    let header = ["cell", "outcome"];
    let outcomes = section(report, "Different outcomes", &header, &comparison.outcomes, |ending| {
        vec![code(&ending.cell.to_string()), escaped(&phrases::ending(&ending.ended))]
    });
    let lone = |heading, cells| {
        section(
            &report.briefly(),
            heading,
            &header,
            cells,
            |lone: &hookbench_analysis::compare::UnpairedCell| {
                vec![code(&lone.cell.to_string()), escaped(&phrases::ended(&lone.ended))]
            },
        )
    };
    let clocks = section(report, "Different clocks", &["cell", "clock"], &comparison.clocks, |clocks| {
        vec![code(&clocks.cell.to_string()), escaped(&phrases::other_clock(&clocks.clock))]
    });
    let all = [
        outcomes,
        lone("Only in the base", &comparison.vanished),
        lone("Only in the new run", &comparison.appeared),
        clocks,
    ];
    let all: Vec<String> = all.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

fn changes(report: &ComparisonReport<'_>) -> Option<String> {
    let tables = tables(report, "Changed cells");
    let sections: Vec<String> = tables.iter().filter_map(|table| changes_of(report, table)).collect();
    (!sections.is_empty()).then(|| sections.join("\n"))
}

fn changes_of(report: &ComparisonReport<'_>, table: &ChangeTable<'_>) -> Option<String> {
    let header = [table.columns, &["unit", "cell", "notes"]].concat();
    section(&table.limited(report), &table.heading, &header, &table.changes, |change| {
        let mut row = (table.fields)(change);
        row.extend([
            text::unit_and_clock(change.clock, change.cell.target),
            code(&change.cell.to_string()),
            escaped(&phrases::notes(change).join("; ")),
        ]);
        row
    })
}
