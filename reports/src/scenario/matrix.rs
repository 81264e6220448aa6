//! A field of the matrix: how many of the ways of a scenario a policy sees or stops on a kernel.

use hookbench_analysis::scenario::CellVerdicts;
use hookbench_results::{ScenarioCell, ScenarioOutcome};

use super::View;
use crate::text::{count, one_line};

/// A field of the matrix.
pub(super) struct Field {
    /// `9/11`, or a word.
    pub(super) text: String,
    /// The share in percent; `None` without one.
    pub(super) percent: Option<usize>,
    /// What the number leaves out: false alarms, broken neighbours and ways without a verdict.
    pub(super) notes: Vec<String>,
    /// What a reader may want to know: the names of those missed, or the reason.
    pub(super) details: String,
}

impl View<'_> {
    /// The field of these names; `None` if the run has no such cell.
    pub(super) fn field(&self, kernel: &str, scenario: &str, policy: &str) -> Option<Field> {
        let cell = self.run.find_scenario(kernel, scenario, policy)?;
        Some(match self.verdicts.find(kernel, scenario, policy) {
            Some(verdicts) => judged(verdicts),
            None => without_verdict(cell),
        })
    }
}

fn judged(verdicts: &CellVerdicts<'_>) -> Field {
    let neighbours = verdicts.neighbours();
    let invalid: Vec<&str> = verdicts.invalid().map(|(way, _)| way).collect();
    let named = |names: &[&str], what: &str| {
        (!names.is_empty()).then(|| one_line(&format!("{what}: {}", names.join(", "))))
    };
    let coverage = verdicts.main_coverage().unwrap_or_default();
    let missed = if verdicts.should_stop() { "not stopped" } else { "not seen" };
    let details = [
        named(&coverage.missed, missed),
        named(&neighbours.broken, "broken"),
        named(&neighbours.recorded, "false alarms"),
        named(&invalid, "without a verdict"),
    ];
    let notes = [
        (neighbours.broken.len(), "broken"),
        (neighbours.recorded.len(), "false alarm"),
        (invalid.len(), "invalid"),
    ];
    let note = |(number, what): &(usize, &str)| match *what {
        "false alarm" => count(*number, what),
        _ => format!("{number} {what}"),
    };
    Field {
        text: format!("{}/{}", coverage.good, coverage.works),
        percent: coverage.percent(),
        notes: notes.iter().filter(|(number, _)| *number > 0).map(note).collect(),
        details: details.into_iter().flatten().collect::<Vec<_>>().join("; "),
    }
}

fn without_verdict(cell: &ScenarioCell) -> Field {
    let (text, details) = match &cell.outcome {
        ScenarioOutcome::Unsupported(why) => ("–", one_line(&format!("unsupported: {why}"))),
        ScenarioOutcome::Failed(failure) => ("failed", one_line(&failure.message)),
        ScenarioOutcome::Tried(_) => {
            ("?", "its cell under none is missing or failed, so there is no verdict".into())
        }
    };
    Field { text: text.into(), percent: None, notes: Vec::new(), details }
}
