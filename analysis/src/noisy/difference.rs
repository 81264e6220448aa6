//! Whether two cells differ under a noisy clock, and by how much.

use serde::Serialize;

use super::interval::{Interval, RoundSpread, widened_interval};
use super::resample::Resampler;
use super::rounds::{mean, medians, non_empty, variance_of_mean};
use crate::random::Random;

/// How two cells are compared, and how certain a verdict has to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NoiseRule {
    /// The share of verdicts that may report a change although nothing changed.
    pub false_alarms: f64,
    /// The smallest change that matters, as a share of the base.
    pub least: f64,
    /// Whether round n of one cell belongs to round n of the other, as within one run. An
    /// effect of a round on both cells then cancels out.
    pub paired: bool,
    /// The number of bootstrap resamples.
    pub resamples: usize,
    /// The seed of the random numbers.
    pub seed: u64,
}

impl Default for NoiseRule {
    /// One false alarm in a hundred, changes from 1 %, rounds of two runs.
    fn default() -> Self {
        NoiseRule { false_alarms: 0.01, least: 0.01, paired: false, resamples: 1000, seed: 1 }
    }
}

/// What the samples say about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeVerdict {
    /// The new cell costs more: significantly, and by at least the smallest change that
    /// matters.
    Regressed,
    /// The new cell costs less, by the same standard.
    Improved,
    /// The interval, or a change that is significant, stays below the smallest change that
    /// matters.
    Unchanged,
    /// The samples do not decide it; more rounds would.
    Inconclusive,
}

impl ChangeVerdict {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            ChangeVerdict::Regressed => "regressed",
            ChangeVerdict::Improved => "improved",
            ChangeVerdict::Unchanged => "unchanged",
            ChangeVerdict::Inconclusive => "inconclusive",
        }
    }
}

/// A change with its confidence interval and the verdict on it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct NoisyDifference {
    /// The cost of the base: the mean of the medians of its rounds, in the clock's unit.
    pub level: f64,
    /// How much more the new cell costs, in the clock's unit.
    pub change: Interval,
    /// The same as a share of the base.
    pub relative: Interval,
    /// The verdict on it.
    pub verdict: ChangeVerdict,
}

impl NoisyDifference {
    /// Returns the verdict if changes below `least`, a share of the base, do not matter.
    pub fn verdict_with_least(&self, least: f64) -> ChangeVerdict {
        verdict(self.relative, least)
    }
}

/// Returns whether the cell with the samples `new` differs from the one with `base`. Each is
/// a list of rounds, and each round a list of samples in the same unit.
pub fn compare(base: &[Vec<u64>], new: &[Vec<u64>], rule: &NoiseRule) -> ChangeVerdict {
    difference(base, new, rule).map_or(ChangeVerdict::Inconclusive, |difference| difference.verdict)
}

/// Compares two cells like [`compare`] and returns the numbers too; `None` if a side has
/// fewer than two rounds with samples, because nothing then says how rounds differ.
pub fn difference(base: &[Vec<u64>], new: &[Vec<u64>], rule: &NoiseRule) -> Option<NoisyDifference> {
    let (base, new) = (non_empty(base), non_empty(new));
    let paired = rule.paired && base.len() == new.len();
    let rounds = base.len().min(new.len());
    if rounds < 2 {
        return None;
    }
    let (base_medians, new_medians) = (medians(&base), medians(&new));
    let level = mean(&base_medians);
    let value = mean(&new_medians) - level;
    let drawn = drawn_differences(&base, &new, paired, rule);
    let variance = if paired {
        let pairs = new_medians.iter().zip(&base_medians);
        variance_of_mean(&pairs.map(|(new, base)| new - base).collect::<Vec<_>>())
    } else {
        variance_of_mean(&base_medians) + variance_of_mean(&new_medians)
    };
    let change = widened_interval(value, drawn, rule.false_alarms, RoundSpread { rounds, variance });
    let share = |value: f64| if level > 0.0 { value / level } else { 0.0 };
    let relative = Interval { value: share(change.value), low: share(change.low), high: share(change.high) };
    Some(NoisyDifference { level, change, relative, verdict: verdict(relative, rule.least) })
}

/// Draws the bootstrap's differences between the two cells.
fn drawn_differences(base: &[&[u64]], new: &[&[u64]], paired: bool, rule: &NoiseRule) -> Vec<f64> {
    let (mut random, mut resampler) = (Random::new(rule.seed), Resampler::default());
    let drawn = (0..rule.resamples.max(1)).map(|_| {
        let base_rounds = resampler.choose_rounds(base.len(), &mut random);
        let base_level = resampler.mean_of_medians(base, &base_rounds, &mut random);
        let new_rounds = if paired { base_rounds } else { resampler.choose_rounds(new.len(), &mut random) };
        resampler.mean_of_medians(new, &new_rounds, &mut random) - base_level
    });
    drawn.collect()
}

fn verdict(relative: Interval, least: f64) -> ChangeVerdict {
    let Interval { value, low, high } = relative;
    if low > 0.0 && value >= least {
        ChangeVerdict::Regressed
    } else if high < 0.0 && value <= -least {
        ChangeVerdict::Improved
    } else if low >= -least && high <= least {
        ChangeVerdict::Unchanged
    } else if (low > 0.0 || high < 0.0) && value.abs() < least {
        // Significant, but smaller than what matters.
        ChangeVerdict::Unchanged
    } else {
        ChangeVerdict::Inconclusive
    }
}
