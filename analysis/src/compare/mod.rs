//! Two runs beside each other: what changed of each cell, and what differs of what
//! made the numbers. Whether a change is a regression is the business of `gate`.
//!
//! What is compared is the median, the number that METHOD.md explains. The samples
//! are looked at too: under an exact clock they are the same or something changed,
//! also where the median did not.

use std::collections::{BTreeMap, HashMap};

use serde::{Serialize, Serializer};

mod change;
mod environment;
#[cfg(test)]
pub(crate) mod tests;

pub use change::{Change, Noise, Other, Samples, What};
pub use environment::Difference;

use hookbench_model::{Cell, Clock, Measurement, Outcome};
use hookbench_results::Run;

/// The version of the format that a comparison is serialised in.
pub const SCHEMA: u32 = 1;

/// A value in the run that is compared with, and in the one that is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Sides<T> {
    /// In the base.
    pub base: T,
    /// In the new run.
    pub new: T,
}

impl<T: PartialEq> Sides<T> {
    /// Whether both are the same.
    pub fn is_same(&self) -> bool {
        self.base == self.new
    }
}

/// What changed from one run to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Comparison {
    /// The version of this format.
    pub schema: u32,
    /// The plans' names.
    pub plans: Sides<String>,
    /// How many cells the runs have.
    pub cells: Sides<usize>,
    /// What made the numbers and is not the same in both, by name.
    pub environment: Vec<Difference>,
    /// Cells that ended in another way, by name.
    pub outcomes: Vec<Ending>,
    /// Cells of the base that the new run does not have, by name.
    pub vanished: Vec<Lone>,
    /// Cells that only the new run has, by name.
    pub appeared: Vec<Lone>,
    /// Cells whose numbers count different things and are not compared, by name.
    pub clocks: Vec<Clocks>,
    /// Cells with comparable numbers in both, also those that did not change: the
    /// largest change of the median in percent first, then by name.
    pub numbers: Vec<Change>,
    /// Cells that ended without numbers in both, in the same way, by name.
    pub without_numbers: Vec<Ending>,
}

/// How a cell ended in each run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ending {
    /// The cell.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// The outcomes.
    #[serde(flatten)]
    pub ended: Sides<Ended>,
}

/// A cell that only one of the runs has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lone {
    /// The cell.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// How it ended there.
    #[serde(flatten)]
    pub ended: Ended,
}

/// A cell's outcome in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ended {
    /// `measured`, `unsupported`, `skipped` or `failed`.
    pub outcome: &'static str,
    /// Why there is no number; empty where there is one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A cell that was measured by another clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clocks {
    /// The cell.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// What its numbers count.
    #[serde(flatten)]
    pub clock: Sides<Clock>,
}

pub(crate) fn by_name<S: Serializer>(cell: &Cell, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(cell)
}

impl Comparison {
    /// What changed from `base` to `new`. The order of their cells does not matter.
    pub fn of(base: &Run, new: &Run) -> Comparison {
        let mut comparison = Comparison {
            schema: SCHEMA,
            plans: Sides { base: base.plan.clone(), new: new.plan.clone() },
            cells: Sides { base: base.measurements.len(), new: new.measurements.len() },
            environment: environment::differences(base, new),
            outcomes: Vec::new(),
            vanished: Vec::new(),
            appeared: Vec::new(),
            clocks: Vec::new(),
            numbers: Vec::new(),
            without_numbers: Vec::new(),
        };
        let medians = Sides { base: change::baselines(base), new: change::baselines(new) };
        let mut after: HashMap<_, _> = numbered(new).into_iter().collect();
        for (key, measurement) in numbered(base) {
            match after.remove(&key) {
                Some(other) => comparison.pair(&Sides { base: measurement, new: other }, &medians),
                None => comparison.vanished.push(Lone::of(measurement)),
            }
        }
        comparison.appeared.extend(after.into_values().map(Lone::of));
        comparison.sort();
        comparison
    }

    /// Cells whose numbers, or what stands beside them, changed.
    pub fn changed(&self) -> impl Iterator<Item = &Change> {
        self.numbers.iter().filter(|change| !change.is_nothing())
    }

    /// How many cells are in both runs just as they were.
    pub fn unchanged(&self) -> usize {
        self.numbers.len() - self.changed().count() + self.without_numbers.len()
    }

    /// Whether no cell changed, appeared or vanished; what made them may differ.
    pub fn is_empty(&self) -> bool {
        self.changed().next().is_none()
            && self.outcomes.is_empty()
            && self.vanished.is_empty()
            && self.appeared.is_empty()
            && self.clocks.is_empty()
    }

    fn pair(&mut self, pair: &Sides<&Measurement>, medians: &Sides<change::Baselines>) {
        let cell = pair.base.cell.clone();
        match (pair.base.measured(), pair.new.measured()) {
            (Some(_), Some(_)) if pair.base.clock != pair.new.clock => {
                let clock = Sides { base: pair.base.clock, new: pair.new.clock };
                self.clocks.push(Clocks { cell, clock });
            }
            (Some(base), Some(new)) => {
                match Change::between(pair.new, Sides { base, new }, medians) {
                    Some(change) => self.numbers.push(change),
                    // Measured, and yet without a sample: a file may say so.
                    None => self.without_numbers.push(Ending::of(pair)),
                }
            }
            _ => {
                let ending = Ending::of(pair);
                let same = ending.ended.base.outcome == ending.ended.new.outcome;
                if same { &mut self.without_numbers } else { &mut self.outcomes }.push(ending);
            }
        }
    }

    fn sort(&mut self) {
        self.outcomes.sort_by_cached_key(|ending| ending.cell.to_string());
        self.without_numbers.sort_by_cached_key(|ending| ending.cell.to_string());
        self.vanished.sort_by_cached_key(|lone| lone.cell.to_string());
        self.appeared.sort_by_cached_key(|lone| lone.cell.to_string());
        self.clocks.sort_by_cached_key(|clocks| clocks.cell.to_string());
        self.numbers.sort_by_cached_key(Change::rank);
    }
}

/// The measurements of a run by cell; the second of a cell that a file has twice is
/// another than the first.
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

impl Ended {
    fn of(outcome: &Outcome) -> Ended {
        Ended { outcome: outcome.word(), reason: outcome.reason() }
    }
}

impl Ending {
    fn of(pair: &Sides<&Measurement>) -> Ending {
        let ended = Sides { base: Ended::of(&pair.base.outcome), new: Ended::of(&pair.new.outcome) };
        Ending { cell: pair.base.cell.clone(), ended }
    }
}

impl Lone {
    fn of(measurement: &Measurement) -> Lone {
        Lone { cell: measurement.cell.clone(), ended: Ended::of(&measurement.outcome) }
    }
}

/// How many times each value is in `samples`.
fn values(samples: &[u64]) -> BTreeMap<u64, usize> {
    let mut values = BTreeMap::new();
    for sample in samples {
        *values.entry(*sample).or_default() += 1;
    }
    values
}
