//! Compares two runs: how each cell changed, and how their environments differ. Whether a
//! change is a regression is the business of `gate`.
//!
//! The compared number is the direct cost of a monitor where both runs have it, and otherwise the
//! median, which `docs/method/statistics.md` explains. The samples are compared too: under an exact
//! clock different samples mean that something changed, even if the median is the same.

use std::collections::HashMap;

use serde::Serialize;

mod change;
mod environment;
mod hook;
mod movement;
mod noise;
mod outcome;
mod quantity;
mod samples;
mod sides;
#[cfg(test)]
mod tests;

pub use change::Change;
pub use environment::EnvironmentDifference;
pub use hook::HookChange;
pub use movement::{Judged, Measure, Movement};
pub use noise::ChangeNoise;
pub use outcome::{ClockChange, OutcomeChange, OutcomeSummary, UnpairedCell};
pub use quantity::{OtherChange, Quantity};
pub use samples::SampleChange;
pub use sides::BaseAndNew;

use hookbench_model::{Cell, Measurement};
use hookbench_results::Run;

use crate::scenario::WayChanges;

/// The version of the format that a comparison is serialised in.
pub const SCHEMA: u32 = 1;

/// What changed from one run to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The version of this format.
    pub schema: u32,
    /// The plans' names.
    pub plans: BaseAndNew<String>,
    /// The number of cells in each run.
    pub cells: BaseAndNew<usize>,
    /// Facts about the environment that differ, by name.
    pub environment: Vec<EnvironmentDifference>,
    /// Cells whose outcome changed, by name.
    pub outcomes: Vec<OutcomeChange>,
    /// Cells that only the base has, by name.
    pub vanished: Vec<UnpairedCell>,
    /// Cells that only the new run has, by name.
    pub appeared: Vec<UnpairedCell>,
    /// Cells measured with different clocks, which are not compared, by name.
    pub clocks: Vec<ClockChange>,
    /// Cells with comparable numbers in both runs, unchanged ones included: the largest
    /// change in percent of the number that they are compared by first, then by name.
    pub numbers: Vec<Change>,
    /// Cells without numbers in both runs and with the same outcome, by name.
    pub without_numbers: Vec<OutcomeChange>,
    /// The verdicts on ways of scenarios.
    #[serde(skip_serializing_if = "WayChanges::is_empty")]
    pub ways: WayChanges,
}

impl Comparison {
    /// Compares `new` with `base`. The order of their cells does not matter.
    pub fn new(base: &Run, new: &Run) -> Comparison {
        let mut comparison = Comparison {
            schema: SCHEMA,
            plans: BaseAndNew { base: base.plan.clone(), new: new.plan.clone() },
            cells: BaseAndNew { base: cells(base), new: cells(new) },
            environment: environment::differences(base, new),
            outcomes: Vec::new(),
            vanished: Vec::new(),
            appeared: Vec::new(),
            clocks: Vec::new(),
            numbers: Vec::new(),
            without_numbers: Vec::new(),
            ways: WayChanges::new(base, new),
        };
        let medians = BaseAndNew { base: change::baselines(base), new: change::baselines(new) };
        let mut after: HashMap<_, _> = numbered(new).into_iter().collect();
        for (key, measurement) in numbered(base) {
            match after.remove(&key) {
                Some(other) => {
                    comparison.compare_cell(&BaseAndNew { base: measurement, new: other }, &medians)
                }
                None => comparison.vanished.push(UnpairedCell::new(measurement)),
            }
        }
        comparison.appeared.extend(after.into_values().map(UnpairedCell::new));
        comparison.sort();
        comparison
    }

    /// Cells with any changed number.
    pub fn changed(&self) -> impl Iterator<Item = &Change> {
        self.numbers.iter().filter(|change| !change.is_nothing())
    }

    /// Whether any cell is compared by the direct cost of its monitor.
    pub fn has_hooks(&self) -> bool {
        self.numbers.iter().any(|change| change.hook.is_some())
    }

    /// The number of cells in which this moved.
    pub fn count(&self, movement: Movement) -> usize {
        self.numbers.iter().filter(|change| change.movement() == movement).count()
    }

    /// The number of cells that are the same in both runs.
    pub fn unchanged(&self) -> usize {
        self.numbers.len() - self.changed().count() + self.without_numbers.len()
    }

    /// Whether no cell changed, appeared or vanished. The environments may still differ.
    pub fn is_empty(&self) -> bool {
        self.changed().next().is_none()
            && self.outcomes.is_empty()
            && self.vanished.is_empty()
            && self.appeared.is_empty()
            && self.clocks.is_empty()
            && self.ways.changed.is_empty()
    }

    fn compare_cell(&mut self, pair: &BaseAndNew<&Measurement>, medians: &BaseAndNew<change::Baselines>) {
        let cell = pair.base.cell.clone();
        match (pair.base.measured(), pair.new.measured()) {
            (Some(_), Some(_)) if pair.base.clock != pair.new.clock => {
                let clock = BaseAndNew { base: pair.base.clock, new: pair.new.clock };
                self.clocks.push(ClockChange { cell, clock });
            }
            (Some(base), Some(new))
                if pair.base.outcome.word() == pair.new.outcome.word() && !new.is_unproven() =>
            {
                match Change::new(pair.new, BaseAndNew { base, new }, medians) {
                    Some(change) => self.numbers.push(change),
                    // A file may contain a measured cell without samples.
                    None => self.without_numbers.push(OutcomeChange::new(pair)),
                }
            }
            _ => {
                let outcome = OutcomeChange::new(pair);
                let same = outcome.ended.base.outcome == outcome.ended.new.outcome;
                if same { &mut self.without_numbers } else { &mut self.outcomes }.push(outcome);
            }
        }
    }

    fn sort(&mut self) {
        self.outcomes.sort_by_cached_key(|outcome| outcome.cell.to_string());
        self.without_numbers.sort_by_cached_key(|outcome| outcome.cell.to_string());
        self.vanished.sort_by_cached_key(|unpaired| unpaired.cell.to_string());
        self.appeared.sort_by_cached_key(|unpaired| unpaired.cell.to_string());
        self.clocks.sort_by_cached_key(|clocks| clocks.cell.to_string());
        self.numbers.sort_by_cached_key(Change::rank);
    }
}

/// The number of cells of `run`.
fn cells(run: &Run) -> usize {
    run.measurements.len() + run.scenarios.len()
}

/// Numbers the measurements of each cell. If a file has a cell twice, the second counts as a
/// different cell.
fn numbered(run: &Run) -> Vec<((&Cell, usize), &Measurement)> {
    let mut seen: HashMap<&Cell, usize> = HashMap::new();
    let mut number = |cell| {
        let number = seen.entry(cell).or_default();
        *number += 1;
        *number
    };
    let cells = run.measurements.iter();
    cells.map(|measurement| ((&measurement.cell, number(&measurement.cell)), measurement)).collect()
}
