//! Shards: the parts of a plan that several machines measure. The cells of a shard follow
//! from the number of cells alone. Merging shards is the business of `merge.rs`.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The largest number of shards.
pub const MOST_SHARDS: u32 = 10_000;

/// A part of a plan: `2/8` is the second of eight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct Shard {
    number: u32,
    total: u32,
}

impl Shard {
    /// The number of this shard, from 1.
    #[must_use]
    pub fn number(self) -> u32 {
        self.number
    }

    /// The number of shards of the plan.
    #[must_use]
    pub fn total(self) -> u32 {
        self.total
    }

    /// Returns the range of its cells among `cells` cells in canonical order. They are
    /// neighbours, which keeps the number of kernels to boot low. The sizes of shards differ by
    /// at most one.
    #[must_use]
    pub fn range(self, cells: usize) -> Range<usize> {
        let up_to = |number: u32| (cells as u128 * u128::from(number) / u128::from(self.total)) as usize;
        up_to(self.number - 1)..up_to(self.number)
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.total)
    }
}

/// Why a text is not a shard.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a shard: {0:?}; expected K/N with K from 1 to N, as in 2/8, and N at most {MOST_SHARDS}")]
pub struct NotAShard(String);

impl FromStr for Shard {
    type Err = NotAShard;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || {
            let (number, total) = text.split_once('/')?;
            let shard = Shard { number: number.parse().ok()?, total: total.parse().ok()? };
            ((1..=shard.total).contains(&shard.number) && shard.total <= MOST_SHARDS).then_some(shard)
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
    fn an_error_about_a_shard_has_an_example() {
        for wrong in ["", "1", "0/3", "4/3", "1/0", "-1/3", "1/10001", "1/3/5", "a/b"] {
            assert!(wrong.parse::<Shard>().unwrap_err().to_string().contains("2/8"), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn shards_cover_all_cells_once_and_evenly(cells in 0usize..5_000, total in 1..200u32) {
            let shards = (1..=total).map(|number| Shard { number, total });
            let ranges: Vec<Range<usize>> = shards.map(|shard| shard.range(cells)).collect();
            prop_assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), (0..cells).collect::<Vec<_>>());
            let sizes = || ranges.iter().map(ExactSizeIterator::len);
            prop_assert!(sizes().max().unwrap() - sizes().min().unwrap() <= 1);
        }

        #[test]
        fn display_and_parse_round_trip(number in 1..=MOST_SHARDS, more in 0..100u32) {
            let shard = Shard { number, total: (number + more).min(MOST_SHARDS) };
            prop_assert_eq!(shard.to_string().parse(), Ok(shard));
        }

        #[test]
        fn any_text_parses_without_panic(text in ".*") {
            let _ = text.parse::<Shard>();
        }
    }
}
