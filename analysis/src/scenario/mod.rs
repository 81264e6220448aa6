//! Verdicts on scenarios: which ways work on a kernel, which of them a policy sees and stops, and which allowed
//! neighbours it breaks. A verdict follows from the cell and from the cell of the same scenario under `none`. How
//! verdicts are shown is the business of the crate `reports`.

use hookbench_results::described::PolicyRecord;
use hookbench_results::{Run, ScenarioCell};
use hookbench_scenarios::Action;
use hookbench_scenarios::exchange::{Tried, Tries};

mod change;
pub mod claims;
mod coverage;
mod differences;
mod judge;
mod price;
#[cfg(test)]
pub(crate) mod tests;
mod unseen;
mod verdict;

pub use change::{WayChange, WayChanges, WayMovement};
pub use coverage::{Coverage, Neighbours};
pub use differences::{Difference, differences};
pub use unseen::{Nobody, nobody_sees, nobody_stops};
pub use verdict::{Neighbour, Seen, Stop, Verdict};

/// The verdicts on all cells of a run that can have some.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdicts<'r> {
    /// The cells in the run's order. Those that were not tried are missing, and so are those whose cell under `none`
    /// is missing or was not tried.
    pub cells: Vec<CellVerdicts<'r>>,
}

/// The verdicts on a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct CellVerdicts<'r> {
    /// The cell.
    pub cell: &'r ScenarioCell,
    /// What the guest reported.
    pub tried: &'r Tried,
    /// What the policy is; `None` for `none` and for a policy that the run does not describe.
    pub policy: Option<&'r PolicyRecord>,
    /// The ways that were tried under `none` too, in the order of the scenario.
    pub ways: Vec<WayVerdict<'r>>,
}

/// The verdict on a way in a cell.
#[derive(Debug, Clone, PartialEq)]
pub struct WayVerdict<'r> {
    /// What became of it.
    pub tries: &'r Tries,
    /// What becomes of it when nothing watches.
    pub unwatched: &'r Tries,
    /// Whether it is an allowed neighbour.
    pub is_allowed: bool,
    /// The verdict.
    pub verdict: Verdict,
}

impl<'r> Verdicts<'r> {
    /// The verdicts of `run`.
    pub fn new(run: &'r Run) -> Verdicts<'r> {
        let cells = run.scenarios.iter().filter_map(|cell| CellVerdicts::new(run, cell));
        Verdicts { cells: cells.collect() }
    }

    /// The verdicts on the cell with these names.
    pub fn find(&self, kernel: &str, scenario: &str, policy: &str) -> Option<&CellVerdicts<'r>> {
        let is_it = |cell: &&CellVerdicts<'_>| {
            let ScenarioCell { kernel: k, scenario: s, policy: p, .. } = cell.cell;
            (&**k, &**s, &**p) == (kernel, scenario, policy)
        };
        self.cells.iter().find(is_it)
    }
}

impl<'r> CellVerdicts<'r> {
    fn new(run: &'r Run, cell: &'r ScenarioCell) -> Option<CellVerdicts<'r>> {
        let tried = cell.tried()?;
        let none = run.find_scenario(&cell.kernel, &cell.scenario, hookbench_results::scenario::NO_POLICY)?;
        let policy = match cell.is_none() {
            true => None,
            false => Some(run.environment.policies.iter().find(|policy| policy.name == cell.policy)?),
        };
        let described = run.environment.scenarios.iter().find(|scenario| scenario.name == cell.scenario);
        let is_allowed = |way: &str| {
            let mut ways = described.into_iter().flat_map(|scenario| &scenario.ways);
            ways.any(|record| record.name == way && record.allowed)
        };
        let judged = tried.ways.iter().filter_map(|tries| {
            let unwatched = none.way(&tries.way)?;
            let is_allowed = is_allowed(&tries.way);
            let verdict = judge::judge(unwatched, tries, policy, is_allowed);
            Some(WayVerdict { tries, unwatched, is_allowed, verdict })
        });
        none.tried()?;
        Some(CellVerdicts { cell, tried, policy, ways: judged.collect() })
    }

    /// Whether the policy should stop ways. Others watch.
    pub fn should_stop(&self) -> bool {
        self.policy.is_some_and(|policy| policy.action != Action::Watch)
    }

    /// Whether the policy keeps records of what it sees.
    pub fn keeps_records(&self) -> bool {
        self.policy.is_some_and(|policy| policy.keeps_records)
    }

    /// The verdict on `way`.
    pub fn way(&self, way: &str) -> Option<&WayVerdict<'r>> {
        self.ways.iter().find(|verdict| verdict.tries.way == way)
    }
}

impl WayVerdict<'_> {
    /// The verdict in a few words: of a policy that stops, what became of the way; of one that watches, what it saw.
    pub fn words(&self) -> String {
        self.verdict.words()
    }

    /// The verdict with all that it says: of a policy that stops, also what it saw.
    pub fn all_words(&self) -> String {
        match self.verdict {
            Verdict::Forbidden { seen: Some(seen), stop: Some(stop) } => {
                format!("{}, {}", stop.words(), seen.word())
            }
            _ => self.words(),
        }
    }
}
