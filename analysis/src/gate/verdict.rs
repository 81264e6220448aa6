//! Verdicts: what a gate says about a cell, and why.

use serde::Serialize;

use super::limit::Limit;
use crate::cell_name::by_name;
use crate::compare::{BaseAndNew, Measure, OutcomeSummary};
use crate::noisy::Interval;
use hookbench_model::{Cell, Clock, Share};

/// One verdict on a cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CellVerdict {
    /// The kind of verdict.
    #[serde(rename = "verdict")]
    pub kind: VerdictKind,
    /// The cell.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// The reason.
    #[serde(flatten)]
    pub why: Reason,
}

/// The kind of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// The cell got worse.
    Regression,
    /// The cell got worse, and the rules allow it.
    Allowed,
    /// The cell got better.
    Improvement,
    /// The numbers vary too much to tell.
    Inconclusive,
}

impl VerdictKind {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            VerdictKind::Regression => "regression",
            VerdictKind::Allowed => "allowed",
            VerdictKind::Improvement => "improvement",
            VerdictKind::Inconclusive => "inconclusive",
        }
    }
}

/// Why a gate gave a verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Reason {
    /// The number that the cell is judged by grew.
    Grew {
        /// Which number it is.
        by: Measure,
        /// By how much, in `unit`.
        difference: i64,
        /// By how much in percent; `None` if it grew from 0.
        percent: Option<f64>,
        /// The clock's unit.
        unit: &'static str,
        /// The limit that it exceeds; `None` without a limit, when no growth is allowed.
        limit: Option<Limit>,
    },
    /// The number that the cell is judged by shrank.
    Shrank {
        /// Which number it is.
        by: Measure,
        /// By how much, in `unit`; negative.
        difference: i64,
        /// By how much in percent.
        percent: Option<f64>,
        /// The clock's unit.
        unit: &'static str,
    },
    /// The direct cost changed, but operations of the base have such costs too, and few operations
    /// cost exactly the median.
    Varies {
        /// By how much it changed, in `unit`.
        difference: i64,
        /// By how much in percent; `None` if it changed from 0.
        percent: Option<f64>,
        /// The clock's unit.
        unit: &'static str,
        /// How many operations cost exactly the median.
        share: BaseAndNew<Share>,
    },
    /// Operations that the monitor refuses save less.
    AvoidsLess {
        /// What they save, in `unit`.
        avoided: BaseAndNew<i64>,
        /// The clock's unit.
        unit: &'static str,
    },
    /// A change of the median under a noisy clock, or an inconclusive one.
    Noise {
        /// What the noise leaves of the change.
        seen: NoisyChange,
        /// The clock's unit.
        unit: &'static str,
        /// The limit that decided; `None` if it was
        /// [`NoiseThresholds::least_percent`](super::NoiseThresholds::least_percent).
        limit: Option<Limit>,
    },
    /// The monitor lost more events.
    LostMore {
        /// How many more.
        events: i128,
    },
    /// The monitor refuses other operations, or refuses them in another way.
    StopsOtherwise,
    /// The outcome changed.
    Ended(BaseAndNew<OutcomeSummary>),
    /// The cell failed, and the base does not have it.
    New(OutcomeSummary),
    /// The cell is missing in the new run.
    Vanished,
    /// The clock changed.
    OtherClock(BaseAndNew<Clock>),
}

/// What the noise leaves of a change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoisyChange {
    /// The change with its interval.
    Within {
        /// In the clock's unit.
        change: Interval,
        /// As a share of the base.
        relative: Interval,
    },
    /// A side has fewer than two rounds, so nothing says how rounds differ.
    TooFewRounds(BaseAndNew<usize>),
}
