//! Statistics of clocks with noise, of samples that come in rounds: the median with
//! a bootstrap confidence interval, and whether two cells differ. Rounds are the
//! independent unit: samples within one share the machine's mood. Exact clocks need
//! none of it.

use serde::Serialize;

use crate::random::Random;
use crate::stats::percentile;
use crate::students_t::{normal_quantile, students_t};

/// How two cells are compared, and how sure one wants to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rule {
    /// How often a verdict may say that something changed where nothing did.
    pub false_alarms: f64,
    /// A change that is smaller, as a part of the base, is no change that matters.
    pub least: f64,
    /// Whether the rounds of both belong together, one by one, as those of one run
    /// do: what a round has done to both then cancels out.
    pub paired: bool,
    /// How often the bootstrap draws again.
    pub resamples: usize,
    /// Where its random numbers begin.
    pub seed: u64,
}

impl Default for Rule {
    /// One false alarm in a hundred, changes from 1 % on, rounds of two runs.
    fn default() -> Self {
        Rule { false_alarms: 0.01, least: 0.01, paired: false, resamples: 1000, seed: 1 }
    }
}

/// What can be said of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It costs more: significantly, and by more than the least that matters.
    Regressed,
    /// It costs less, in the same way.
    Improved,
    /// Nothing that matters has changed: the whole interval is within the least.
    Unchanged,
    /// Neither can be said: more rounds would tell.
    Inconclusive,
}

impl Verdict {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Verdict::Regressed => "regressed",
            Verdict::Improved => "improved",
            Verdict::Unchanged => "unchanged",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

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

/// A comparison in full.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// What the first costs: the mean of its rounds' medians, in the clock's unit.
    pub level: f64,
    /// By how much the second is dearer than the first, in the clock's unit.
    pub change: Interval,
    /// The same as a part of the first.
    pub relative: Interval,
    /// What follows.
    pub verdict: Verdict,
}

impl Difference {
    /// What follows where a change of less than `least`, as a part of the first, does not matter.
    pub fn judged(&self, least: f64) -> Verdict {
        verdict(self.relative, least)
    }
}

/// Whether the cell with the samples `new` differs from that with `base`; each a
/// list of rounds, each of these a list of samples in one unit.
pub fn compare(base: &[Vec<u64>], new: &[Vec<u64>], rule: &Rule) -> Verdict {
    difference(base, new, rule).map_or(Verdict::Inconclusive, |difference| difference.verdict)
}

/// The comparison with its numbers; `None` when there are fewer than two rounds on a
/// side, for then nothing is known of how rounds differ, or no samples at all.
pub fn difference(base: &[Vec<u64>], new: &[Vec<u64>], rule: &Rule) -> Option<Difference> {
    let (base, new) = (filled(base), filled(new));
    let paired = rule.paired && base.len() == new.len();
    let rounds = base.len().min(new.len());
    if rounds < 2 {
        return None;
    }
    let (first, second) = (medians(&base), medians(&new));
    let level = mean(&first);
    let value = mean(&second) - level;
    let mut random = Random::new(rule.seed);
    let mut draw = Draw::default();
    let drawn = (0..rule.resamples.max(1)).map(|_| {
        let one = draw.rounds(base.len(), &mut random);
        let first = draw.centre(&base, &one, &mut random);
        let other = if paired { one } else { draw.rounds(new.len(), &mut random) };
        draw.centre(&new, &other, &mut random) - first
    });
    let spread = if paired {
        of_mean(&second.iter().zip(&first).map(|(second, first)| second - first).collect::<Vec<_>>())
    } else {
        of_mean(&first) + of_mean(&second)
    };
    let rounds = Rounds { count: rounds, variance: spread };
    let change = interval(value, drawn.collect(), rule.false_alarms, rounds);
    let part = |value: f64| if level > 0.0 { value / level } else { 0.0 };
    let relative = Interval { value: part(change.value), low: part(change.low), high: part(change.high) };
    Some(Difference { level, change, relative, verdict: verdict(relative, rule.least) })
}

fn verdict(relative: Interval, least: f64) -> Verdict {
    let Interval { value, low, high } = relative;
    if low > 0.0 && value >= least {
        Verdict::Regressed
    } else if high < 0.0 && value <= -least {
        Verdict::Improved
    } else if low >= -least && high <= least {
        Verdict::Unchanged
    } else if (low > 0.0 || high < 0.0) && value.abs() < least {
        // Something is there, and it is smaller than what matters.
        Verdict::Unchanged
    } else {
        Verdict::Inconclusive
    }
}

/// The median of all samples, with an interval that holds the true one but for a
/// part `false_alarms` of all cases; `None` without samples. With one round the
/// interval is that of this round alone: it knows nothing of others.
pub fn median(rounds: &[Vec<u64>], false_alarms: f64, resamples: usize, seed: u64) -> Option<Interval> {
    let rounds = filled(rounds);
    let mut all: Vec<u64> = rounds.iter().flat_map(|round| round.iter().copied()).collect();
    all.sort_unstable();
    all.first()?;
    let (mut random, mut draw) = (Random::new(seed), Draw::default());
    let drawn = (0..resamples.max(1)).map(|_| {
        let chosen = draw.rounds(rounds.len(), &mut random);
        draw.pooled(&rounds, &chosen, &mut random)
    });
    let known = Rounds { count: rounds.len(), variance: of_mean(&medians(&rounds)) };
    Some(interval(percentile(&all, 50) as f64, drawn.collect(), false_alarms, known))
}

/// Samples that are far from the rest, counted and never left out: below or above the
/// quartiles by more than three times what is between them (Tukey's far out).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outliers {
    /// So many are far below.
    pub low: usize,
    /// So many are far above.
    pub high: usize,
}

/// The outliers among `samples`.
pub fn outliers(samples: &[u64]) -> Outliers {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    if sorted.is_empty() {
        return Outliers::default();
    }
    let (first, third) = (percentile(&sorted, 25), percentile(&sorted, 75));
    let reach = (third - first).saturating_mul(3);
    let (least, most) = (first.saturating_sub(reach), third.saturating_add(reach));
    Outliers {
        low: sorted.iter().filter(|&&sample| sample < least).count(),
        high: sorted.iter().filter(|&&sample| sample > most).count(),
    }
}

/// `samples` cut into rounds that are so long; what is left over is a round too. Where
/// no lengths are known, all are one round.
pub fn in_rounds(samples: &[u64], lengths: &[u32]) -> Vec<Vec<u64>> {
    let mut rounds = Vec::new();
    let mut rest = samples;
    for &length in lengths {
        let (round, others) = rest.split_at(rest.len().min(length as usize));
        rounds.push(round.to_vec());
        rest = others;
    }
    if !rest.is_empty() {
        rounds.push(rest.to_vec());
    }
    rounds
}

fn filled(rounds: &[Vec<u64>]) -> Vec<&[u64]> {
    rounds.iter().map(Vec::as_slice).filter(|round| !round.is_empty()).collect()
}

/// The median of each round: a spike within one moves nothing.
fn medians(rounds: &[&[u64]]) -> Vec<f64> {
    rounds.iter().map(|round| middle(&mut round.to_vec())).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The variance of the mean of `values`, as they tell it; 0 when there is but one.
fn of_mean(values: &[f64]) -> f64 {
    let (mean, count) = (mean(values), values.len() as f64);
    if count < 2.0 {
        return 0.0;
    }
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0) / count
}

/// The median; of an even number the mean of the two in the middle, or half of a
/// clock's step would be lost.
fn middle(samples: &mut [u64]) -> f64 {
    let half = samples.len() / 2;
    if half == 0 {
        return samples.first().copied().unwrap_or(0) as f64;
    }
    let even = samples.len().is_multiple_of(2);
    let (below, upper, _) = samples.select_nth_unstable(half);
    let upper = *upper as f64;
    match below.iter().max() {
        Some(&lower) if even => f64::midpoint(lower as f64, upper),
        _ => upper,
    }
}

/// Draws with replacement, rounds and then samples in them, into memory that it keeps.
#[derive(Default)]
struct Draw {
    samples: Vec<u64>,
}

impl Draw {
    fn rounds(&self, count: usize, random: &mut Random) -> Vec<usize> {
        (0..count).map(|_| random.below(count)).collect()
    }

    fn centre(&mut self, rounds: &[&[u64]], chosen: &[usize], random: &mut Random) -> f64 {
        let mut sum = 0.0;
        for &index in chosen {
            self.samples.clear();
            self.again(rounds[index], random);
            sum += middle(&mut self.samples);
        }
        sum / chosen.len().max(1) as f64
    }

    fn pooled(&mut self, rounds: &[&[u64]], chosen: &[usize], random: &mut Random) -> f64 {
        self.samples.clear();
        for &index in chosen {
            self.again(rounds[index], random);
        }
        middle(&mut self.samples)
    }

    fn again(&mut self, round: &[u64], random: &mut Random) {
        self.samples.extend((0..round.len()).map(|_| round[random.below(round.len())]));
    }
}

/// What is known of rounds beside the bootstrap.
#[derive(Clone, Copy)]
struct Rounds {
    count: usize,
    /// Of the estimate, as the differences between rounds tell it.
    variance: f64,
}

/// The interval between the percentiles of what was drawn, stretched about the
/// estimate. To draw rounds and then samples counts the noise of samples twice, for
/// the rounds' medians have it too; and few rounds know their spread only from
/// themselves. So the bootstrap gives the interval its shape, and the rounds its
/// width: as much as a t interval's, and never less than was drawn. (Why few need
/// more than percentiles: Hesterberg 2015, "What Teachers Should Know About the
/// Bootstrap".)
fn interval(value: f64, mut drawn: Vec<f64>, false_alarms: f64, rounds: Rounds) -> Interval {
    drawn.sort_unstable_by(f64::total_cmp);
    // What is no number is as strict as can be.
    let tail = if false_alarms > 0.0 { (false_alarms / 2.0).clamp(1e-6, 0.49) } else { 1e-6 };
    let at = |part: f64| drawn[((drawn.len() - 1) as f64 * part).round() as usize];
    let own = drawn.iter().map(|one| (one - value).powi(2)).sum::<f64>() / drawn.len() as f64;
    let wider = if rounds.count < 2 || own <= 0.0 {
        1.0
    } else {
        let t = students_t(tail, rounds.count - 1) / normal_quantile(tail);
        (t * (rounds.variance / own).sqrt()).max(1.0)
    };
    Interval {
        value,
        low: value - (value - at(tail)).max(0.0) * wider,
        high: value + (at(1.0 - tail) - value).max(0.0) * wider,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rounds of noisy samples: log-normal, with spikes, with a drift from round to
    /// round, around `level`.
    fn noisy(level: f64, spread: f64, rounds: usize, samples: usize, seed: u64) -> Vec<Vec<u64>> {
        let mut random = Random::new(seed);
        let round = |number: usize| {
            let mood = level * (1.0 + 0.002 * number as f64);
            let sample = |random: &mut Random| {
                let spike = if random.fraction() < 0.02 { 5.0 } else { 1.0 };
                (mood * spike * (spread * random.normal()).exp()) as u64
            };
            (0..samples).map(|_| sample(&mut random)).collect()
        };
        (0..rounds).map(round).collect()
    }

    #[test]
    fn one_round_tells_nothing_of_others() {
        let one = noisy(1000.0, 0.05, 1, 50, 1);
        let other = noisy(2000.0, 0.05, 1, 50, 2);
        assert_eq!(compare(&one, &other, &Rule::default()), Verdict::Inconclusive);
        assert_eq!(compare(&[], &other, &Rule::default()), Verdict::Inconclusive);
        assert!(median(&one, 0.05, 200, 1).is_some());
        assert_eq!(median(&[vec![]], 0.05, 200, 1), None);
    }

    #[test]
    fn what_is_equal_and_exact_is_unchanged() {
        let exact = vec![vec![331; 20]; 3];
        let rule = Rule { paired: true, ..Rule::default() };
        let found = difference(&exact, &exact, &rule).unwrap();
        assert_eq!(found.verdict, Verdict::Unchanged);
        assert_eq!(found.change, Interval { value: 0.0, low: 0.0, high: 0.0 });
        assert_eq!(compare(&exact, &vec![vec![340; 20]; 3], &rule), Verdict::Regressed);
    }

    #[test]
    fn a_change_has_to_be_significant_and_large_enough() {
        let (base, new) = (vec![vec![1000; 9]; 4], vec![vec![1005; 9]; 4]);
        assert_eq!(compare(&base, &new, &Rule::default()), Verdict::Unchanged);
        let strict = Rule { least: 0.001, ..Rule::default() };
        assert_eq!(compare(&base, &new, &strict), Verdict::Regressed);
        assert_eq!(compare(&new, &base, &strict), Verdict::Improved);
        // Large, and no two rounds agree.
        let wild: Vec<Vec<u64>> = [700, 1500, 1000].map(|level| vec![level; 9]).to_vec();
        assert_eq!(compare(&base, &wild, &Rule::default()), Verdict::Inconclusive);
    }

    #[test]
    fn outliers_are_counted_and_stay() {
        let mut samples: Vec<u64> = (1000..1100).collect();
        samples.extend([9000, 9001, 1]);
        assert_eq!(outliers(&samples), Outliers { low: 1, high: 2 });
        assert_eq!(outliers(&[]), Outliers::default());
    }

    #[test]
    fn rounds_are_cut_where_they_ended() {
        assert_eq!(in_rounds(&[1, 2, 3, 4, 5], &[2, 2]), [vec![1, 2], vec![3, 4], vec![5]]);
        assert_eq!(in_rounds(&[1, 2], &[]), [vec![1, 2]]);
        assert_eq!(in_rounds(&[1], &[3, 3]), [vec![1], vec![]]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_known_shift_is_found_with_its_sign(
            seed: u64,
            level in 500.0..1e6f64,
            rounds in 4..9usize,
            samples in 20..60usize,
            up: bool,
        ) {
            // The noise is 5 % of the level, the shift twice that.
            let other = if up { level * 1.10 } else { level / 1.10 };
            let rule = Rule { false_alarms: 0.05, paired: true, resamples: 300, seed, ..Rule::default() };
            let base = noisy(level, 0.05, rounds, samples, seed);
            let found = compare(&base, &noisy(other, 0.05, rounds, samples, !seed), &rule);
            let wrong = if up { Verdict::Improved } else { Verdict::Regressed };
            prop_assert!(found != wrong);
            let same = compare(&base, &base, &rule);
            prop_assert!(same == Verdict::Unchanged || same == Verdict::Inconclusive);
        }

        #[test]
        fn any_samples_are_compared_without_panic(
            base in proptest::collection::vec(proptest::collection::vec(any::<u64>(), 0..6), 0..5),
            new in proptest::collection::vec(proptest::collection::vec(any::<u64>(), 0..6), 0..5),
            false_alarms: f64,
            paired: bool,
        ) {
            let rule = Rule { false_alarms, paired, resamples: 20, ..Rule::default() };
            if let Some(found) = difference(&base, &new, &rule) {
                prop_assert!(found.change.low <= found.change.value);
                prop_assert!(found.change.value <= found.change.high);
            }
            let _ = median(&base, false_alarms, 20, 1);
            let _ = outliers(&base.concat());
        }
    }
}
