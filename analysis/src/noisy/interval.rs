//! Confidence intervals: a bootstrap's percentiles, widened where there are few rounds.

use serde::Serialize;

use super::resample::Resampler;
use super::rounds::{medians, non_empty, variance_of_mean};
use crate::random::Random;
use crate::stats::percentile;
use crate::students_t::{normal_quantile, students_t};

/// A value with its confidence interval, in the clock's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The estimate.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// Returns the median of all samples with its confidence interval; `None` without samples.
///
/// The interval misses the true median in at most a share `false_alarms` of all cases. With
/// one round it describes this round alone, because nothing is known about others.
pub fn median_interval(
    rounds: &[Vec<u64>],
    false_alarms: f64,
    resamples: usize,
    seed: u64,
) -> Option<Interval> {
    let rounds = non_empty(rounds);
    let mut all: Vec<u64> = rounds.iter().flat_map(|round| round.iter().copied()).collect();
    all.sort_unstable();
    all.first()?;
    let (mut random, mut resampler) = (Random::new(seed), Resampler::default());
    let drawn = (0..resamples.max(1)).map(|_| {
        let chosen = resampler.choose_rounds(rounds.len(), &mut random);
        resampler.pooled_median(&rounds, &chosen, &mut random)
    });
    let spread = RoundSpread { rounds: rounds.len(), variance: variance_of_mean(&medians(&rounds)) };
    Some(widened_interval(percentile(&all, 50) as f64, drawn.collect(), false_alarms, spread))
}

/// What the rounds themselves say about an estimate, besides the bootstrap.
#[derive(Clone, Copy)]
pub(super) struct RoundSpread {
    /// The number of rounds.
    pub(super) rounds: usize,
    /// The variance of the estimate, from the differences between rounds.
    pub(super) variance: f64,
}

/// Returns the interval between the percentiles of `drawn`, stretched about `value`.
///
/// Drawing rounds and then samples counts the noise of samples twice, because the medians of
/// rounds contain it too. And a few rounds know their spread only from themselves. So the
/// bootstrap gives the interval its shape and the rounds give it its width: that of a t
/// interval, and never less than the draws. (Why small samples need more than percentiles:
/// Hesterberg 2015, "What Teachers Should Know About the Bootstrap".)
pub(super) fn widened_interval(
    value: f64,
    mut drawn: Vec<f64>,
    false_alarms: f64,
    spread: RoundSpread,
) -> Interval {
    drawn.sort_unstable_by(f64::total_cmp);
    // NaN gets the strictest tail.
    let tail = if false_alarms > 0.0 { (false_alarms / 2.0).clamp(1e-6, 0.49) } else { 1e-6 };
    let at = |part: f64| drawn[((drawn.len() - 1) as f64 * part).round() as usize];
    let drawn_variance = drawn.iter().map(|one| (one - value).powi(2)).sum::<f64>() / drawn.len() as f64;
    let factor = if spread.rounds < 2 || drawn_variance <= 0.0 {
        1.0
    } else {
        let t = students_t(tail, spread.rounds - 1) / normal_quantile(tail);
        (t * (spread.variance / drawn_variance).sqrt()).max(1.0)
    };
    Interval {
        value,
        low: value - (value - at(tail)).max(0.0) * factor,
        high: value + (at(1.0 - tail) - value).max(0.0) * factor,
    }
}
