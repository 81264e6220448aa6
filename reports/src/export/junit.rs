//! JUnit XML, the format of test results in CI: the file of a run, and the parts that the
//! file of a gate shares. The format is that of Jenkins
//! (<https://llg.cubic.org/docs/junit/>).

use std::collections::HashMap;

use hookbench_model::measurement::UNPROVEN;
use hookbench_model::{Attribution, Cell, Clock, Outcome};
use hookbench_results::Run;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use crate::text;

/// The cells of `run` as tests.
pub(super) fn render(run: &Run) -> String {
    let cases = run.measurements.iter().map(|measurement| {
        let reason = text::one_line(&measurement.outcome.reason());
        let status = match &measurement.outcome {
            Outcome::Measured(measured) if measured.is_unproven() => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(reason).set_type(UNPROVEN);
                status
            }
            Outcome::Measured(_) => TestCaseStatus::success(),
            Outcome::Failed(failure) => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(reason).set_type(failure.kind.name());
                status
            }
            Outcome::Unsupported(_) | Outcome::Skipped(_) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(format!("{}: {reason}", measurement.outcome.word()));
                status
            }
        };
        let mut case = test_case(&measurement.cell, status);
        if let Some(hook) = measurement.measured().and_then(|measured| measured.attribution.as_ref()) {
            case.set_system_out(hook_cost(hook, measurement.clock));
        }
        (suite(&measurement.cell), case)
    });
    suites("hookbench", cases)
}

/// `hook 178 instructions, the same in 98 of 100 operations`
fn hook_cost(hook: &Attribution, clock: Clock) -> String {
    let (cost, share) = (text::unsigned_if_positive(hook.direct_p50), hook.direct_share);
    format!("hook {cost} {}, the same in {} of {} operations", clock.unit(), share.operations, share.of)
}

/// The test of a cell, named by the whole cell.
pub(crate) fn test_case(cell: &Cell, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(text::one_line(&cell.to_string()), status);
    case.set_classname(text::one_line(&cell.workload));
    case
}

/// The suite of a cell: cells that differ only in their monitor share one.
pub(crate) fn suite(cell: &Cell) -> String {
    let whole = cell.baseline().to_string();
    whole.strip_suffix("/none").unwrap_or(&whole).to_owned()
}

/// The file: `cases` in the suites of these names.
pub(crate) fn suites(name: &str, cases: impl Iterator<Item = (String, TestCase)>) -> String {
    let mut suites: Vec<TestSuite> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (suite, case) in cases {
        let place = *places.entry(suite).or_insert_with_key(|suite| {
            suites.push(TestSuite::new(text::one_line(suite)));
            suites.len() - 1
        });
        suites[place].add_test_case(case);
    }
    let mut report = Report::new(name);
    report.add_test_suites(suites);
    // Writing to memory cannot fail, and one_line leaves no character that XML forbids.
    report.to_string().unwrap_or_default()
}
