//! A comparison as JSON: the comparison as its crate serialises it, with the names of the
//! runs and the gate's judgement.

use hookbench_analysis::Comparison;
use hookbench_analysis::compare::Movement;
use hookbench_analysis::gate::Gate;
use serde::Serialize;

use super::report::ComparisonReport;

#[derive(Serialize)]
struct ComparisonDocument<'a> {
    base: &'a str,
    new: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_open: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<&'a Gate>,
    unchanged: usize,
    /// Cells whose hook costs the same and whose median differs; only if cells are compared by hooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    only_side_effects: Option<usize>,
    comparison: Comparison,
}

/// The report as JSON, with a line break at its end.
pub(super) fn render(report: &ComparisonReport<'_>) -> String {
    let mut comparison = report.comparison.clone();
    if !report.all {
        comparison.numbers.retain(|change| !change.is_nothing());
        comparison.without_numbers.clear();
    }
    let document = ComparisonDocument {
        base: report.names.base,
        new: report.names.new,
        is_open: report.gate.map(Gate::is_open),
        gate: report.gate,
        unchanged: report.comparison.unchanged(),
        only_side_effects: comparison.has_hooks().then(|| comparison.count(Movement::SideEffects)),
        comparison,
    };
    // Serialising text, numbers and lists of them cannot fail.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}
