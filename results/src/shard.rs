//! A shard: one of several parts that a plan is measured in, on as many machines.
//! Which cells it has follows from their number alone; who puts the parts together
//! again is `merge.rs`.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// More machines than anyone has for a plan.
pub const MOST_SHARDS: u32 = 10_000;

/// Which part of a plan: `2/8` is the second of eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    number: u32,
    of: u32,
}

impl Shard {
    /// Which one, from 1 on.
    #[must_use]
    pub fn number(self) -> u32 {
        self.number
    }

    /// How many there are.
    #[must_use]
    pub fn of(self) -> u32 {
        self.of
    }

    /// Its cells among `cells` in canonical order: neighbours, so that it boots few
    /// kernels, and as many as others have, or one more.
    #[must_use]
    pub fn range(self, cells: usize) -> Range<usize> {
        let up_to = |number: u32| (cells as u128 * u128::from(number) / u128::from(self.of)) as usize;
        up_to(self.number - 1)..up_to(self.number)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

/// The text is not a shard.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a shard: {0:?} (expected K/N with K from 1 to N, as in 2/8; N is at most {MOST_SHARDS})")]
pub struct NotAShard(String);

impl FromStr for Shard {
    type Err = NotAShard;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (number, of) = text.split_once('/')?;
            let shard = Shard { number: number.parse().ok()?, of: of.parse().ok()? };
            ((1..=shard.of).contains(&shard.number) && shard.of <= MOST_SHARDS).then_some(shard)
        };
        read().ok_or_else(|| NotAShard(text.chars().take(80).collect()))
    }
}

impl TryFrom<String> for Shard {
    type Error = NotAShard;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> String {
        shard.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_shard_is_said_with_one() {
        for wrong in ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/10001", "1/3/5", "a/b"] {
            assert!(wrong.parse::<Shard>().unwrap_err().to_string().contains("2/8"), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn shards_are_all_cells_once_and_alike(cells in 0usize..5_000, of in 1..200u32) {
            let shards = (1..=of).map(|number| Shard { number, of });
            let ranges: Vec<Range<usize>> = shards.map(|shard| shard.range(cells)).collect();
            prop_assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), (0..cells).collect::<Vec<_>>());
            let sizes = || ranges.iter().map(ExactSizeIterator::len);
            prop_assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1);
        }

        #[test]
        fn what_is_shown_is_read_again(number in 1..=MOST_SHARDS, more in 0..100u32) {
            let shard = Shard { number, of: (number + more).min(MOST_SHARDS) };
            prop_assert_eq!(shard.to_string().parse(), Ok(shard));
        }

        #[test]
        fn any_text_is_read_without_panic(text in ".*") {
            let _ = text.parse::<Shard>();
        }
    }
}
