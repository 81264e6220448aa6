//! Limits: by how much the hook or the median of a cell may grow, as in
//! `bpf-lsm+*=20 instructions`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::pattern::Pattern;
use crate::compare::Change;

/// By how much the hooks of some cells may grow, or the medians of cells without an attribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// The cells; `None` for all.
    pub cells: Option<Pattern>,
    /// The largest growth allowed.
    pub bound: Bound,
}

/// The largest growth allowed, inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// A percentage of the number of the base: a soft limit.
    Percent(Percent),
    /// An amount, whatever the base is: a hard limit.
    Absolute {
        /// The amount.
        number: u64,
        /// Its unit, which has to be the unit of the cell's clock.
        unit: String,
    },
}

/// An exact percentage with up to four decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(u64);

/// The number of parts in one percent: four decimals.
const PARTS: u64 = 10_000;
const DECIMALS: usize = 4;

impl Percent {
    /// Returns the percentage as a fraction of 1.
    pub fn as_fraction(self) -> f64 {
        self.0 as f64 / (100 * PARTS) as f64
    }

    /// Whether a growth of `difference` over `base` is larger.
    fn is_less_than(self, difference: u64, base: u64) -> bool {
        // No overflow: each product is below 2^128.
        u128::from(difference) * u128::from(100 * PARTS) > u128::from(base) * u128::from(self.0)
    }
}

impl Limit {
    /// Whether the limit is meant for `none`: its pattern contains that name.
    pub(super) fn names_none(&self) -> bool {
        self.cells.as_ref().is_some_and(Pattern::names_none)
    }
}

impl Limit {
    /// Whether `change` is one of the limit's cells and changed by more than it allows, up or down.
    pub fn is_exceeded_by(&self, change: &Change) -> bool {
        let judged = change.judged();
        let concerns = self.cells.as_ref().is_none_or(|cells| cells.matches(&change.cell));
        concerns && self.bound.is_exceeded(judged.difference.unsigned_abs(), judged.base)
    }
}

impl Bound {
    /// Whether a growth of `difference` over `base` exceeds the bound.
    pub fn is_exceeded(&self, difference: u64, base: u64) -> bool {
        match self {
            Bound::Percent(percent) => percent.is_less_than(difference, base),
            Bound::Absolute { number, .. } => difference > *number,
        }
    }
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cells {
            Some(pattern) => write!(f, "{pattern}={}", self.bound),
            None => self.bound.fmt(f),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Percent(percent) => write!(f, "{percent}%"),
            Bound::Absolute { number, unit } => write!(f, "{number} {unit}"),
        }
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, parts) = (self.0 / PARTS, self.0 % PARTS);
        let decimals = format!("{parts:0DECIMALS$}");
        match decimals.trim_end_matches('0') {
            "" => write!(f, "{whole}"),
            decimals => write!(f, "{whole}.{decimals}"),
        }
    }
}

/// Why a text is not a limit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotALimit {
    /// It has no valid amount.
    #[error(
        "not a limit: {0:?}; expected PERCENT% or NUMBER UNIT, optionally after GLOB=, as in 5%, 20 instructions \
         or 'bpf-lsm+*=20 instructions'"
    )]
    Bound(String),
    /// The text before the `=` is not a glob.
    #[error("not a limit: {0}")]
    Pattern(#[from] super::pattern::NotAPattern),
}

impl FromStr for Limit {
    type Err = NotALimit;

    /// Parses what `Display` shows. It parses from the end, because a glob may contain `=`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (pattern, bound) = match text.rsplit_once('=') {
            Some((pattern, bound)) => (Some(pattern), bound),
            None => (None, text),
        };
        let bound =
            parse_bound(bound.trim()).ok_or_else(|| NotALimit::Bound(text.chars().take(80).collect()))?;
        Ok(Limit { cells: pattern.map(str::parse).transpose()?, bound })
    }
}

fn parse_bound(bound: &str) -> Option<Bound> {
    if let Some(percent) = bound.strip_suffix('%') {
        return Some(Bound::Percent(percent.trim_end().parse().ok()?));
    }
    let (number, unit) = bound.split_once(' ')?;
    let unit = unit.trim_start();
    // A unit has one or more words, as in `TSC cycles`.
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_word = unit.split(' ').all(word);
    let number = digits(number)?.parse().ok()?;
    is_word.then(|| Bound::Absolute { number, unit: unit.into() })
}

impl FromStr for Percent {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let read = || -> Option<u64> {
            let whole: u64 = digits(whole)?.parse().ok()?;
            let decimals = digits(decimals).filter(|decimals| decimals.len() <= DECIMALS)?;
            let parts: u64 = format!("{decimals:0<DECIMALS$}").parse().ok()?;
            whole.checked_mul(PARTS)?.checked_add(parts)
        };
        read().map(Percent).ok_or(())
    }
}

/// Returns `text` if it has only digits. `parse` alone would accept a sign too.
fn digits(text: &str) -> Option<&str> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limit(text: &str) -> Limit {
        text.parse().unwrap()
    }

    #[test]
    fn a_limit_applies_to_all_cells_or_to_those_that_a_glob_matches() {
        assert_eq!(limit("5%"), Limit { cells: None, bound: Bound::Percent(Percent(50_000)) });
        let most = Bound::Absolute { number: 20, unit: "instructions".into() };
        assert_eq!(limit("bpf-lsm+*=20 instructions").bound, most);
        assert_eq!(limit("*[to=r]*=0.5%").cells.unwrap().to_string(), "*[to=r]*");
        assert_eq!([limit("0.50%"), limit("7.0 %")].map(|limit| limit.to_string()), ["0.5%", "7%"]);
    }

    #[test]
    fn a_growth_equal_to_the_limit_is_allowed() {
        let percent = limit("0.5%").bound;
        assert!(!percent.is_exceeded(5, 1000) && percent.is_exceeded(6, 1000));
        assert!(percent.is_exceeded(1, 0));
        assert!(!limit("0%").bound.is_exceeded(0, 0) && limit("0%").bound.is_exceeded(1, u64::MAX));
        assert!(!limit("20 cycles").bound.is_exceeded(20, 0) && limit("20 cycles").bound.is_exceeded(21, 9));
    }

    #[test]
    fn an_error_about_a_limit_has_an_example() {
        for text in [
            "",
            "5",
            "-5%",
            "+5%",
            "5.12345%",
            ".5%",
            "1e3%",
            "20",
            "20 ",
            "x 20 instructions",
            "a=r",
            "a=5 %%",
        ] {
            let error = text.parse::<Limit>().unwrap_err().to_string();
            assert!(error.contains("bpf-lsm+*=20 instructions"), "{text}: {error}");
        }
        assert!(matches!("[z=5%".parse::<Limit>(), Err(NotALimit::Pattern(_))));
        assert!(matches!("=5%".parse::<Limit>(), Err(NotALimit::Pattern(_))));
    }

    proptest! {
        #[test]
        fn any_text_parses_without_panic_and_round_trips(text in "(.*|[a-z0-9=+*% .\\[\\]]*)(=?[0-9.]{1,30} ?(%|cycles))?") {
            if let Ok(limit) = text.parse::<Limit>() {
                prop_assert_eq!(limit.to_string().parse(), Ok(limit));
            }
        }

        #[test]
        fn display_and_parse_round_trip(
            of in proptest::option::of("[a-z0-9+*/=.]{1,20}"),
            parts: u64,
            most in proptest::option::of((any::<u64>(), "[a-z]{1,12}")),
        ) {
            let bound = match most {
                Some((number, unit)) => Bound::Absolute { number, unit },
                None => Bound::Percent(Percent(parts)),
            };
            let limit = Limit { cells: of.map(|text| text.parse().unwrap()), bound };
            prop_assert_eq!(limit.to_string().parse(), Ok(limit));
        }
    }
}
