//! The stored runs that advice follows from. Several runs may have tried the same policy on different ways: then the
//! ways of all of them count, each by the first run that has it.

use hookbench_results::described::PolicyRecord;
use hookbench_results::{Run, ScenarioCell, ScenarioOutcome};

use super::reason::Reason;
use crate::scenario::{Verdict, Verdicts, WayVerdict};

/// The verdicts in some runs.
#[derive(Debug)]
pub struct Evidence<'r> {
    runs: Vec<(&'r Run, Verdicts<'r>)>,
}

/// What became of a policy for a scenario on a kernel.
#[derive(Debug)]
pub(super) struct PolicyCell<'e> {
    /// The policy.
    pub(super) policy: &'e str,
    /// The cell's name.
    pub(super) name: String,
    /// What the policy is, if a run tried and described it.
    pub(super) described: Option<&'e PolicyRecord>,
    /// The verdicts on its ways.
    pub(super) ways: Vec<&'e WayVerdict<'e>>,
    /// What it lacks on this kernel.
    pub(super) lacks: Vec<String>,
    /// Why there are no verdicts, if there are none.
    without: Reason,
}

impl<'r> Evidence<'r> {
    /// The evidence in `runs`.
    pub fn new(runs: &'r [Run]) -> Evidence<'r> {
        Evidence { runs: runs.iter().map(|run| (run, Verdicts::new(run))).collect() }
    }

    /// The policies that were tried for `scenario` on `kernel`, in the order of the runs.
    pub(super) fn cells(&self, kernel: &str, scenario: &str) -> Vec<PolicyCell<'_>> {
        let mut cells: Vec<PolicyCell<'_>> = Vec::new();
        for (run, verdicts) in &self.runs {
            let is_asked = |cell: &&ScenarioCell| cell.kernel == kernel && cell.scenario == scenario;
            for cell in run.scenarios.iter().filter(is_asked).filter(|cell| !cell.is_none()) {
                let place = match cells.iter().position(|known| known.policy == cell.policy) {
                    Some(place) => place,
                    None => {
                        cells.push(PolicyCell::new(cell));
                        cells.len() - 1
                    }
                };
                cells[place].add(cell, verdicts);
            }
        }
        cells
    }

    /// The ways of `scenario` of which the runs do not know whether they work on `kernel`.
    pub(super) fn unknown(&self, kernel: &str, scenario: &str) -> Vec<String> {
        let none = hookbench_results::scenario::NO_POLICY;
        let mut unknown: Vec<String> = Vec::new();
        let tried = self.runs.iter().filter_map(|(_, verdicts)| verdicts.find(kernel, scenario, none));
        for way in tried.flat_map(|cell| &cell.ways) {
            let is_unknown = matches!(way.verdict, Verdict::Invalid(_)) && !way.is_allowed;
            if is_unknown && !unknown.contains(&way.tries.way) {
                unknown.push(way.tries.way.clone());
            }
        }
        unknown
    }
}

impl<'e> PolicyCell<'e> {
    fn new(cell: &'e ScenarioCell) -> PolicyCell<'e> {
        let without = match &cell.outcome {
            ScenarioOutcome::Unsupported(why) => Reason::Unsupported(why.clone()),
            ScenarioOutcome::Failed(failure) => Reason::Failed(failure.message.clone()),
            ScenarioOutcome::Tried(_) => Reason::NoVerdict,
        };
        PolicyCell {
            policy: &cell.policy,
            name: cell.to_string(),
            described: None,
            ways: Vec::new(),
            lacks: Vec::new(),
            without,
        }
    }

    fn add(&mut self, cell: &ScenarioCell, verdicts: &'e Verdicts<'_>) {
        let Some(judged) = verdicts.find(&cell.kernel, &cell.scenario, &cell.policy) else { return };
        self.described = self.described.or(judged.policy);
        for way in &judged.ways {
            if !self.ways.iter().any(|known| known.tries.way == way.tries.way) {
                self.ways.push(way);
            }
        }
        for lack in &judged.tried.lacks {
            if !self.lacks.contains(lack) {
                self.lacks.push(lack.clone());
            }
        }
    }

    /// The policy with the verdicts on its ways, or why there are none.
    pub(super) fn judged(&self) -> Result<&'e PolicyRecord, Reason> {
        self.described.ok_or_else(|| self.without.clone())
    }
}
