//! A gate as JUnit XML: a test suite for each kernel and operation, and a test for each
//! cell. Without a gate no test can fail, and the file only lists the cells.

use std::collections::HashMap;

use hookbench_analysis::gate::{CellVerdict, VerdictKind};
use hookbench_model::Cell;
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus};

use super::report::ComparisonReport;
use super::{attribution, phrases, ways};
use crate::export::junit::{suite, suites, test_case};
use crate::text;

/// The report as XML.
pub(super) fn render(report: &ComparisonReport<'_>) -> String {
    let mut verdicts: HashMap<&Cell, Vec<&CellVerdict>> = HashMap::new();
    for verdict in report.gate.into_iter().flat_map(|gate| &gate.verdicts) {
        verdicts.entry(&verdict.cell).or_default().push(verdict);
    }
    let verdicts_on = |cell: &Cell| verdicts.get(cell).map_or(&[][..], Vec::as_slice);
    let comparison = report.comparison;
    let measured =
        comparison.numbers.iter().map(|change| (&change.cell, attribution::side_effects_only(change)));
    let ended = comparison.outcomes.iter().chain(&comparison.without_numbers);
    let ended = ended.map(|ending| (&ending.cell, phrases::ended(&ending.ended.new)));
    let lone = comparison.vanished.iter().chain(&comparison.appeared);
    let lone = lone.map(|lone| (&lone.cell, phrases::ended(&lone.ended)));
    let clocks = comparison.clocks.iter().map(|clocks| (&clocks.cell, phrases::other_clock(&clocks.clock)));
    let cells = measured.chain(ended).chain(lone).chain(clocks);
    let cells = cells.map(|(cell, how)| (suite(cell), judged_test(cell, verdicts_on(cell), &how)));
    suites("hookbench gate", cells.chain(ways::tests(report)))
}

/// The test of one cell. It fails on a regression, and is skipped if the cell has no
/// number for another reason. `how` says how the cell ended, or that only side effects changed.
fn judged_test(cell: &Cell, verdicts: &[&CellVerdict], how: &str) -> TestCase {
    let reasons = |word| {
        let of_word = verdicts.iter().filter(move |verdict| verdict.kind == word);
        of_word.map(|verdict| phrases::why(verdict)).collect::<Vec<_>>().join("; ")
    };
    let regressions = reasons(VerdictKind::Regression);
    let mut status = TestCaseStatus::success();
    if !regressions.is_empty() {
        status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(regressions).set_type("regression");
    } else if ["unsupported", "skipped", "failed"].iter().any(|word| how.starts_with(word)) {
        status = TestCaseStatus::skipped();
        status.set_message(how);
    }
    let mut case = test_case(cell, status);
    let others = [VerdictKind::Allowed, VerdictKind::Improvement, VerdictKind::Inconclusive]
        .map(|word| (word, reasons(word)));
    let others = others.iter().filter(|(_, reasons)| !reasons.is_empty());
    let mut others: Vec<String> =
        others.map(|(word, reasons)| format!("{}: {reasons}", word.name())).collect();
    if how.starts_with(attribution::ONLY_SIDE_EFFECTS) {
        others.push(how.into());
    }
    if !others.is_empty() {
        case.set_system_out(text::one_line(&others.join("; ")));
    }
    case
}
