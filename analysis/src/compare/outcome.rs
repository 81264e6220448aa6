//! Cells whose numbers cannot be compared: their outcome or clock changed, or only one run
//! has them.

use serde::Serialize;

use super::sides::BaseAndNew;
use crate::cell_name::by_name;
use hookbench_model::{Cell, Clock, Measurement, Outcome};

/// A cell's outcome in each run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeChange {
    /// The cell.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// The outcomes.
    #[serde(flatten)]
    pub ended: BaseAndNew<OutcomeSummary>,
}

/// A cell that only one of the runs has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnpairedCell {
    /// The cell.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// Its outcome there.
    #[serde(flatten)]
    pub ended: OutcomeSummary,
}

/// A cell's outcome in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OutcomeSummary {
    /// The outcome's word: `measured`, `measured in part`, `unsupported`, `failed`.
    pub outcome: &'static str,
    /// Why there is no number, or not a plain one; empty for a plain one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// A cell that the runs measured with different clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClockChange {
    /// The cell.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// The clocks.
    #[serde(flatten)]
    pub clock: BaseAndNew<Clock>,
}

impl OutcomeSummary {
    fn new(outcome: &Outcome) -> OutcomeSummary {
        OutcomeSummary { outcome: outcome.word(), reason: outcome.reason() }
    }
}

impl OutcomeChange {
    pub(super) fn new(pair: &BaseAndNew<&Measurement>) -> OutcomeChange {
        let [base, new] = [pair.base, pair.new].map(|measurement| OutcomeSummary::new(&measurement.outcome));
        OutcomeChange { cell: pair.base.cell.clone(), ended: BaseAndNew { base, new } }
    }
}

impl UnpairedCell {
    pub(super) fn new(measurement: &Measurement) -> UnpairedCell {
        UnpairedCell { cell: measurement.cell.clone(), ended: OutcomeSummary::new(&measurement.outcome) }
    }
}
