//! Noisy clocks: a regression is a change that is significant and larger than a limit. What
//! the noise leaves open is inconclusive, which is not a regression.

use serde::Serialize;

use super::cell_limits::CellLimits;
use super::limit::{Bound, Limit};
use super::verdict::{NoisyChange, Reason, VerdictKind};
use crate::compare::{Change, ChangeNoise};
use crate::noisy::{ChangeVerdict, NoiseRule};

/// The thresholds by which cells with noisy clocks were judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NoiseThresholds {
    /// Of a hundred unchanged cells, this many may be reported as changed.
    pub false_alarms_percent: f64,
    /// The smallest growth, in percent of the base, that counts for cells without a limit.
    pub least_percent: f64,
}

impl Default for NoiseThresholds {
    fn default() -> Self {
        let NoiseRule { false_alarms, least, .. } = NoiseRule::default();
        NoiseThresholds { false_alarms_percent: false_alarms * 100.0, least_percent: least * 100.0 }
    }
}

/// Judges `change`; `None` if nothing changed that matters.
pub(super) fn judge(
    change: &Change,
    noise: &ChangeNoise,
    limits: &CellLimits<'_>,
) -> Option<(VerdictKind, Reason)> {
    let unit = change.clock.unit();
    let Some(difference) = noise.difference else {
        let seen = NoisyChange::TooFewRounds(noise.rounds);
        return Some((VerdictKind::Inconclusive, Reason::Noise { seen, unit, limit: None }));
    };
    let least = |limit: &Limit| match &limit.bound {
        Bound::Percent(percent) => percent.as_fraction(),
        Bound::Absolute { number, .. } if difference.level > 0.0 => *number as f64 / difference.level,
        Bound::Absolute { .. } => 0.0,
    };
    // A growth equal to the limit is within it.
    let verdict = |limit: &Limit| noise.verdict_with_least(least(limit).next_up());
    let mut judged: Vec<(VerdictKind, Option<&Limit>)> =
        limits.iter().filter_map(|limit| Some((kind(verdict(limit))?, Some(limit)))).collect();
    if limits.is_empty() {
        judged.extend(kind(difference.verdict).map(|kind| (kind, None)));
    }
    // A cell has to keep each limit, so the worst verdict counts.
    let severity = |(kind, _): &(VerdictKind, Option<&Limit>)| match kind {
        VerdictKind::Regression | VerdictKind::Allowed => 0,
        VerdictKind::Inconclusive => 1,
        VerdictKind::Improvement => 2,
    };
    let (kind, limit) = judged.into_iter().min_by_key(severity)?;
    let seen = NoisyChange::Within { change: difference.change, relative: difference.relative };
    Some((kind, Reason::Noise { seen, unit, limit: limit.cloned() }))
}

/// Returns the gate's verdict for one of the statistics; `None` if nothing changed.
const fn kind(verdict: ChangeVerdict) -> Option<VerdictKind> {
    match verdict {
        ChangeVerdict::Regressed => Some(VerdictKind::Regression),
        ChangeVerdict::Improved => Some(VerdictKind::Improvement),
        ChangeVerdict::Inconclusive => Some(VerdictKind::Inconclusive),
        ChangeVerdict::Unchanged => None,
    }
}
