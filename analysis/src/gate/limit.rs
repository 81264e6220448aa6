//! Limits: by how much a cell's median may grow, `bpf-lsm+*=20 instructions`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::pattern::Pattern;

/// By how much the median of some cells may grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// Of which cells; of all, where it is not said.
    pub of: Option<Pattern>,
    /// By how much.
    pub bound: Bound,
}

/// The most by which a number may grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bound {
    /// A share of the base's: a soft limit.
    Percent(Percent),
    /// So much, whatever the base's is: a hard limit.
    Most {
        /// How much.
        number: u64,
        /// In which unit; it has to be that of the cell's clock.
        unit: String,
    },
}

/// A percentage with up to four decimals, exactly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(u64);

/// How many parts of [`Percent`] are one percent: four decimals.
const PARTS: u64 = 10_000;
const DECIMALS: usize = 4;

impl Percent {
    /// The same as a part of one.
    pub fn part(self) -> f64 {
        self.0 as f64 / (100 * PARTS) as f64
    }

    /// Whether a growth of `difference` over `base` is more than this.
    fn is_less_than(self, difference: u64, base: u64) -> bool {
        // Below 2^128: the second product is of two 64-bit numbers, the first smaller.
        u128::from(difference) * u128::from(100 * PARTS) > u128::from(base) * u128::from(self.0)
    }
}

impl Bound {
    /// Whether a growth of `difference` over `base` is more than this allows.
    pub fn is_exceeded(&self, difference: u64, base: u64) -> bool {
        match self {
            Bound::Percent(percent) => percent.is_less_than(difference, base),
            Bound::Most { number, .. } => difference > *number,
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
        match &self.of {
            Some(pattern) => write!(f, "{pattern}={}", self.bound),
            None => self.bound.fmt(f),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Percent(percent) => write!(f, "{percent}%"),
            Bound::Most { number, unit } => write!(f, "{number} {unit}"),
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

/// The text is not a limit.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotALimit {
    /// It does not say by how much.
    #[error(
        "not a limit: {0:?} (expected PERCENT% or NUMBER UNIT, with the cells before it where it is not for \
         all, as in 5%, 20 instructions or 'bpf-lsm+*=20 instructions')"
    )]
    Bound(String),
    /// What is before the `=` is no glob.
    #[error("not a limit: {0}")]
    Pattern(#[from] super::pattern::NotAPattern),
}

impl FromStr for Limit {
    type Err = NotALimit;

    /// Reads what `Display` shows. A glob may have a `=`, so it is read from the end.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (pattern, bound) = match text.rsplit_once('=') {
            Some((pattern, bound)) => (Some(pattern), bound),
            None => (None, text),
        };
        let bound = read(bound.trim()).ok_or_else(|| NotALimit::Bound(text.chars().take(80).collect()))?;
        Ok(Limit { of: pattern.map(str::parse).transpose()?, bound })
    }
}

fn read(bound: &str) -> Option<Bound> {
    if let Some(percent) = bound.strip_suffix('%') {
        return Some(Bound::Percent(percent.trim_end().parse().ok()?));
    }
    let (number, unit) = bound.split_once(' ')?;
    let unit = unit.trim_start();
    // A unit is a word or some, as in `TSC cycles`.
    let word = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_word = unit.split(' ').all(word);
    let number = digits(number)?.parse().ok()?;
    is_word.then(|| Bound::Most { number, unit: unit.into() })
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

/// `text`, where it is digits alone: numbers are read with a sign as well.
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
    fn limits_are_of_all_cells_or_of_those_that_a_glob_chooses() {
        assert_eq!(limit("5%"), Limit { of: None, bound: Bound::Percent(Percent(50_000)) });
        let most = Bound::Most { number: 20, unit: "instructions".into() };
        assert_eq!(limit("bpf-lsm+*=20 instructions").bound, most);
        assert_eq!(limit("*[to=r]*=0.5%").of.unwrap().to_string(), "*[to=r]*");
        assert_eq!([limit("0.50%"), limit("7.0 %")].map(|limit| limit.to_string()), ["0.5%", "7%"]);
    }

    #[test]
    fn a_growth_of_just_the_limit_is_within_it() {
        let percent = limit("0.5%").bound;
        assert!(!percent.is_exceeded(5, 1000) && percent.is_exceeded(6, 1000));
        assert!(percent.is_exceeded(1, 0));
        assert!(!limit("0%").bound.is_exceeded(0, 0) && limit("0%").bound.is_exceeded(1, u64::MAX));
        assert!(!limit("20 cycles").bound.is_exceeded(20, 0) && limit("20 cycles").bound.is_exceeded(21, 9));
    }

    #[test]
    fn what_is_no_limit_is_said_with_an_example() {
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
        fn any_text_is_read_without_panic_and_shown_as_it_is_read(text in "(.*|[a-z0-9=+*% .\\[\\]]*)(=?[0-9.]{1,30} ?(%|cycles))?") {
            if let Ok(limit) = text.parse::<Limit>() {
                prop_assert_eq!(limit.to_string().parse(), Ok(limit));
            }
        }

        #[test]
        fn what_is_shown_is_read_again(
            of in proptest::option::of("[a-z0-9+*/=.]{1,20}"),
            parts: u64,
            most in proptest::option::of((any::<u64>(), "[a-z]{1,12}")),
        ) {
            let bound = match most {
                Some((number, unit)) => Bound::Most { number, unit },
                None => Bound::Percent(Percent(parts)),
            };
            let limit = Limit { of: of.map(|text| text.parse().unwrap()), bound };
            prop_assert_eq!(limit.to_string().parse(), Ok(limit));
        }
    }
}
