//! Clocks with noise: a regression is a change that is significant and larger than a
//! limit. What is neither that nor known to be nothing is inconclusive, and no regression.

use serde::Serialize;

use super::{Bound, Limit, Limits, Why, Word};
use crate::compare::{Change, Noise, Sides};
use crate::noisy::{Interval, Rule, Verdict};

/// How cells of clocks with noise were judged.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Noisy {
    /// In so many of a hundred cells in which nothing changed one may be told that did.
    pub false_alarms_percent: f64,
    /// A growth below this, in percent of the base, is none where no limit is of the cell.
    pub least_percent: f64,
}

impl Default for Noisy {
    fn default() -> Self {
        let Rule { false_alarms, least, .. } = Rule::default();
        Noisy { false_alarms_percent: false_alarms * 100.0, least_percent: least * 100.0 }
    }
}

/// A change as the noise lets it be seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// By how much, and between what it lies, in the clock's unit and as a part of the base.
    Within {
        /// In the clock's unit.
        change: Interval,
        /// As a part of the base.
        relative: Interval,
    },
    /// There are fewer than two rounds on a side: nothing is known of how they differ.
    TooFewRounds(Sides<usize>),
}

/// What is told of `change`; nothing where nothing changed that matters.
pub(super) fn told(change: &Change, noise: &Noise, limits: &Limits<'_>) -> Option<(Word, Why)> {
    let unit = change.clock.unit();
    let Some(difference) = noise.difference else {
        let seen = Seen::TooFewRounds(noise.rounds);
        return Some((Word::Inconclusive, Why::Noise { seen, unit, limit: None }));
    };
    let least = |limit: &Limit| match &limit.bound {
        Bound::Percent(percent) => percent.part(),
        Bound::Most { number, .. } if difference.level > 0.0 => *number as f64 / difference.level,
        Bound::Most { .. } => 0.0,
    };
    // A growth of just the limit is within it.
    let mut judged: Vec<(Word, Option<&Limit>)> = limits
        .all()
        .filter_map(|limit| Some((word(noise.judged(least(limit).next_up()))?, Some(limit))))
        .collect();
    if limits.all().next().is_none() {
        judged.extend(word(difference.verdict).map(|word| (word, None)));
    }
    // Each of the limits has to be kept; to be known to keep both, neither may be open.
    let worst = |(word, _): &(Word, Option<&Limit>)| match word {
        Word::Regression | Word::Allowed => 0,
        Word::Inconclusive => 1,
        Word::Improvement => 2,
    };
    let (word, limit) = judged.into_iter().min_by_key(worst)?;
    let seen = Seen::Within { change: difference.change, relative: difference.relative };
    Some((word, Why::Noise { seen, unit, limit: limit.cloned() }))
}

/// The gate's word for a verdict; none where nothing changed.
const fn word(verdict: Verdict) -> Option<Word> {
    match verdict {
        Verdict::Regressed => Some(Word::Regression),
        Verdict::Improved => Some(Word::Improvement),
        Verdict::Inconclusive => Some(Word::Inconclusive),
        Verdict::Unchanged => None,
    }
}
