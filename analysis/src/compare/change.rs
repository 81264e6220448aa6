//! A cell that has numbers in both runs: how they changed. `movement` says which of the changes
//! counts.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde::Serialize;

use super::hook::HookChange;
use super::noise::ChangeNoise;
use super::quantity::{self, OtherChange, Quantity};
use super::samples::SampleChange;
use super::sides::BaseAndNew;
use crate::Summary;
use crate::baseline::Added;
use crate::cell_name::by_name;
use hookbench_model::measurement::Refused;
use hookbench_model::{Cell, Clock, Measured, Measurement};
use hookbench_results::Run;

/// The numbers of one cell in two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The cell.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// The clock of the numbers.
    pub clock: Clock,
    /// `p50(new) − p50(base)`, in the clock's unit.
    pub difference: i64,
    /// The same in percent of the base's median; `None` if that is 0 and the median grew.
    pub percent: Option<f64>,
    /// The statistics, in the clock's unit.
    pub summary: BaseAndNew<Summary>,
    /// Whether the samples are the same.
    pub samples: SampleChange,
    /// What the clock's noise leaves of the change; `None` under an exact clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<ChangeNoise>,
    /// What the monitor adds to `none` in each run, in the clock's unit; `None` for `none`
    /// itself, and if `none` has no numbers.
    pub added: BaseAndNew<Option<i64>>,
    /// The operations that the monitor refused, if they changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<BaseAndNew<Option<Refused>>>,
    /// What the monitor itself costs, if both runs have an attribution of the cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hook: Option<HookChange>,
    /// Whether each run has an attribution of the cell.
    #[serde(skip_serializing_if = "BaseAndNew::is_same")]
    pub attributed: BaseAndNew<bool>,
    /// Other numbers that changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<OtherChange>,
}

/// The medians of a run's cells under `none`.
pub(super) type Baselines = HashMap<(Cell, Clock), u64>;

/// Returns the medians of `run` under `none`.
pub(super) fn baselines(run: &Run) -> Baselines {
    let under_none = run.measurements.iter().filter(|measurement| measurement.cell.monitor.is_none());
    let with_numbers = under_none.filter_map(|measurement| {
        let summary = Summary::from_samples(&measurement.measured()?.samples)?;
        Some(((measurement.cell.baseline(), measurement.clock), summary.p50))
    });
    with_numbers.collect()
}

impl Change {
    /// Compares the numbers of a cell. `measurement` is the new one. Returns `None` if a side
    /// has no samples.
    pub(super) fn new(
        measurement: &Measurement,
        numbers: BaseAndNew<&Measured>,
        medians: &BaseAndNew<Baselines>,
    ) -> Option<Change> {
        let BaseAndNew { base, new } = numbers;
        let summary = BaseAndNew {
            base: Summary::from_samples(&base.samples)?,
            new: Summary::from_samples(&new.samples)?,
        };
        let (before, after) = (summary.base.p50, summary.new.p50);
        let key = (measurement.cell.baseline(), measurement.clock);
        let added = |medians: &Baselines, p50| {
            let none = medians.get(&key).filter(|_| !measurement.cell.monitor.is_none());
            none.map(|none| Added::new(p50, *none).p50)
        };
        let refused = BaseAndNew { base: base.refused.clone(), new: new.refused.clone() };
        Some(Change {
            cell: measurement.cell.clone(),
            clock: measurement.clock,
            difference: Added::new(after, before).p50,
            percent: BaseAndNew { base: before as f64, new: after as f64 }.percent(),
            summary,
            samples: SampleChange::new(&base.samples, &new.samples),
            noise: (!measurement.clock.is_exact()).then(|| ChangeNoise::new(base, new)),
            added: BaseAndNew { base: added(&medians.base, before), new: added(&medians.new, after) },
            refused: (!refused.is_same()).then_some(refused),
            hook: HookChange::new(numbers),
            attributed: BaseAndNew { base: base.attribution.is_some(), new: new.attribution.is_some() },
            others: quantity::changed(base, new),
        })
    }

    /// Returns how much another number grew; `None` if it did not, or if it does not exist.
    pub fn growth(&self, what: Quantity) -> Option<i128> {
        let other = self.others.iter().find(|other| other.what == what)?;
        let growth = other.values.new? - other.values.base.unwrap_or(0);
        (growth > 0).then_some(growth)
    }

    /// The sort key: the largest change of the number that the cell is compared by first. If that
    /// is the same, changed samples come before other changes; then by the median and by name.
    pub(super) fn rank(&self) -> (Reverse<u64>, Reverse<u64>, u8, Reverse<u64>, String) {
        let judged = self.judged();
        let percent = judged.percent.map_or(f64::INFINITY, f64::abs);
        let besides = match self.samples {
            SampleChange::Differ => 0,
            SampleChange::Reordered => 1,
            SampleChange::Same if !self.is_nothing() => 2,
            SampleChange::Same => 3,
        };
        (
            // The bits of non-negative floats sort like the floats.
            Reverse(percent.to_bits()),
            Reverse(judged.difference.unsigned_abs()),
            besides,
            Reverse(self.difference.unsigned_abs()),
            self.cell.to_string(),
        )
    }
}
