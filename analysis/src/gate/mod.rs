//! The gate: which of a comparison's changes are regressions. Who says so, and with
//! which exit code, is elsewhere.
//!
//! Under an exact clock any growth of a median is one, unless a limit allows it:
//! there is no noise that it could be. Under another (`noise.rs`) it has to be both
//! significant and larger than a limit, and there is always one.

use serde::Serialize;

mod limit;
mod noise;
mod pattern;
#[cfg(test)]
mod tests;

pub use limit::{Bound, Limit, NotALimit, Percent};
pub use noise::{Noisy, Seen};
pub use pattern::{NotAPattern, Pattern};

use crate::Comparison;
use crate::compare::{Change, Ended, Sides, What};
use hookbench_model::{Cell, Clock};

/// What is asked of a gate.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// By how much medians may grow. Of those of one kind (percent, or a number) the
    /// last that chooses a cell counts for it; of both kinds, both.
    pub limits: Vec<Limit>,
    /// Cells whose regressions are told, and are none.
    pub allow: Vec<Pattern>,
}

/// The judgement of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// The limits that it was made with.
    pub limits: Vec<Limit>,
    /// How the cells of clocks with noise were judged; none where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noisy: Option<Noisy>,
    /// A cell may be in it more than once. Regressions first.
    pub verdicts: Vec<Verdict>,
    /// What was allowed, and chooses no cell.
    pub idle: Vec<String>,
}

/// One thing that is told of a cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// What it is.
    pub verdict: Word,
    /// The cell.
    #[serde(serialize_with = "crate::compare::by_name")]
    pub cell: Cell,
    /// Why.
    #[serde(flatten)]
    pub why: Why,
}

/// What a verdict is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// It got worse.
    Regression,
    /// It got worse, and may.
    Allowed,
    /// It got better.
    Improvement,
    /// By a clock with noise neither can be said, nor that nothing changed.
    Inconclusive,
}

impl Word {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Word::Regression => "regression",
            Word::Allowed => "allowed",
            Word::Improvement => "improvement",
            Word::Inconclusive => "inconclusive",
        }
    }
}

/// What became of a cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "why")]
pub enum Why {
    /// Its median is larger.
    Grew {
        /// By how much, in `unit`.
        difference: i64,
        /// By how much in percent; none over 0.
        percent: Option<f64>,
        /// The clock's unit.
        unit: &'static str,
        /// The limit that it exceeds; none where nothing but no growth is within it.
        limit: Option<Limit>,
    },
    /// Its median is smaller.
    Shrank {
        /// By how much, in `unit`; negative.
        difference: i64,
        /// By how much in percent.
        percent: Option<f64>,
        /// The clock's unit.
        unit: &'static str,
    },
    /// Its median by a clock with noise: larger, smaller, or nobody knows.
    Noise {
        /// What the noise leaves of the change.
        seen: Seen,
        /// The clock's unit.
        unit: &'static str,
        /// The limit by which it was judged; none where it is [`Noisy::least_percent`].
        limit: Option<Limit>,
    },
    /// The monitor lost more events.
    LostMore {
        /// So many more.
        events: i128,
    },
    /// The monitor stops other operations, or in another way.
    StopsOtherwise,
    /// It ended in another way.
    Ended(Sides<Ended>),
    /// It failed, and the base does not have it.
    New(Ended),
    /// It is not in the new run.
    Vanished,
    /// Its numbers count other things.
    OtherClock(Sides<Clock>),
}

/// What was asked cannot be judged.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotJudged {
    /// A limit is of no cell: perhaps a slip of the pen.
    #[error(
        "the limit {0:?} is of no cell; give a glob of monitors (bpf-lsm+*) or of whole names of cells (6.1/*)"
    )]
    NoCell(String),
    /// A limit is in another unit than the cell's.
    #[error("the limit {limit:?} cannot be one of {cell}, whose numbers are {unit}")]
    Unit {
        /// The limit.
        limit: String,
        /// The cell.
        cell: String,
        /// Its clock's unit.
        unit: &'static str,
    },
}

impl Gate {
    /// Judges `comparison` by `rules`.
    ///
    /// # Errors
    /// When a limit is of no cell or in the wrong unit.
    pub fn judge(comparison: &Comparison, rules: &Rules) -> Result<Gate, NotJudged> {
        let cells: Vec<&Cell> = cells(comparison).collect();
        for limit in &rules.limits {
            if limit.of.as_ref().is_some_and(|pattern| !cells.iter().any(|cell| pattern.matches(cell))) {
                return Err(NotJudged::NoCell(limit.to_string()));
            }
        }
        let mut verdicts = endings(comparison);
        for change in &comparison.numbers {
            let limits = Limits::of(change, &rules.limits)?;
            verdicts.extend(changes(change, &limits));
        }
        let allowed = |cell: &Cell| rules.allow.iter().any(|pattern| pattern.matches(cell));
        for verdict in &mut verdicts {
            if verdict.verdict == Word::Regression && allowed(&verdict.cell) {
                verdict.verdict = Word::Allowed;
            }
        }
        // It leaves those of one word as they are: what ended otherwise, then by size.
        verdicts.sort_by_key(|verdict| verdict.verdict);
        let idle = rules.allow.iter().filter(|pattern| !cells.iter().any(|cell| pattern.matches(cell)));
        let idle = idle.map(Pattern::to_string).collect();
        let noisy = comparison.numbers.iter().any(|change| change.noise.is_some()).then(Noisy::default);
        Ok(Gate { limits: rules.limits.clone(), noisy, verdicts, idle })
    }

    /// The verdicts of one kind.
    pub fn of(&self, word: Word) -> impl Iterator<Item = &Verdict> {
        self.verdicts.iter().filter(move |verdict| verdict.verdict == word)
    }

    /// Whether nothing got worse that may not.
    pub fn is_open(&self) -> bool {
        self.of(Word::Regression).next().is_none()
    }
}

/// The limits of one cell.
struct Limits<'a> {
    soft: Option<&'a Limit>,
    hard: Option<&'a Limit>,
}

impl<'a> Limits<'a> {
    fn of(change: &Change, limits: &'a [Limit]) -> Result<Limits<'a>, NotJudged> {
        let mut found = Limits { soft: None, hard: None };
        let chosen = |limit: &&Limit| limit.of.as_ref().is_none_or(|pattern| pattern.matches(&change.cell));
        for limit in limits.iter().filter(chosen) {
            match &limit.bound {
                Bound::Percent(_) => found.soft = Some(limit),
                Bound::Most { unit, .. } if unit != change.clock.unit() => {
                    let (limit, cell) = (limit.to_string(), change.cell.to_string());
                    return Err(NotJudged::Unit { limit, cell, unit: change.clock.unit() });
                }
                Bound::Most { .. } => found.hard = Some(limit),
            }
        }
        Ok(found)
    }

    fn all(&self) -> impl Iterator<Item = &'a Limit> + use<'a> {
        [self.soft, self.hard].into_iter().flatten()
    }
}

/// Whether a median that grew under an exact clock is a regression, and by which limit:
/// every growth is, but for limits.
fn regression<'a>(change: &Change, limits: &Limits<'a>) -> Option<Option<&'a Limit>> {
    let difference = u64::try_from(change.difference).ok().filter(|difference| *difference > 0)?;
    if limits.all().next().is_none() {
        return Some(None);
    }
    limits.all().find(|limit| limit.bound.is_exceeded(difference, change.summary.base.p50)).map(Some)
}

fn changes(change: &Change, limits: &Limits<'_>) -> Vec<Verdict> {
    let Change { difference, percent, clock, .. } = *change;
    let verdict = |verdict, why| Verdict { verdict, cell: change.cell.clone(), why };
    let mut verdicts = Vec::new();
    if let Some(noise) = &change.noise {
        verdicts.extend(noise::told(change, noise, limits).map(|(word, why)| verdict(word, why)));
    } else if let Some(limit) = regression(change, limits) {
        let why = Why::Grew { difference, percent, unit: clock.unit(), limit: limit.cloned() };
        verdicts.push(verdict(Word::Regression, why));
    }
    if let Some(events) = change.growth(What::Lost) {
        verdicts.push(verdict(Word::Regression, Why::LostMore { events }));
    }
    if change.refused.is_some() {
        verdicts.push(verdict(Word::Regression, Why::StopsOtherwise));
    }
    if difference < 0 && change.noise.is_none() {
        verdicts.push(verdict(Word::Improvement, Why::Shrank { difference, percent, unit: clock.unit() }));
    }
    verdicts
}

/// What is told of the cells whose numbers cannot be compared.
fn endings(comparison: &Comparison) -> Vec<Verdict> {
    let verdict = |verdict, cell: &Cell, why| Verdict { verdict, cell: cell.clone(), why };
    let ended = comparison.outcomes.iter().filter_map(|ending| {
        let word = match (ending.ended.base.outcome, ending.ended.new.outcome) {
            ("measured", _) | (_, "failed") => Word::Regression,
            (_, "measured") | ("failed", _) => Word::Improvement,
            _ => return None,
        };
        Some(verdict(word, &ending.cell, Why::Ended(ending.ended.clone())))
    });
    let vanished =
        comparison.vanished.iter().map(|lone| verdict(Word::Regression, &lone.cell, Why::Vanished));
    let failed = comparison.appeared.iter().filter(|lone| lone.ended.outcome == "failed");
    let failed = failed.map(|lone| verdict(Word::Regression, &lone.cell, Why::New(lone.ended.clone())));
    let clocks = comparison.clocks.iter();
    let clocks = clocks.map(|clocks| verdict(Word::Regression, &clocks.cell, Why::OtherClock(clocks.clock)));
    ended.chain(vanished).chain(failed).chain(clocks).collect()
}

fn cells(comparison: &Comparison) -> impl Iterator<Item = &Cell> {
    let endings = comparison.outcomes.iter().chain(&comparison.without_numbers).map(|ending| &ending.cell);
    let lone = comparison.vanished.iter().chain(&comparison.appeared).map(|lone| &lone.cell);
    let numbers = comparison.numbers.iter().map(|change| &change.cell);
    let clocks = comparison.clocks.iter().map(|clocks| &clocks.cell);
    endings.chain(lone).chain(numbers).chain(clocks)
}
