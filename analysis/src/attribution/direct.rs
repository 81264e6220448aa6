//! The direct cost of a monitor: the most frequent one of its operations.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::split::Split;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectCost {
    /// Instructions per operation; the smallest of several that are equally frequent.
    pub value: i64,
    /// How many operations have exactly this cost.
    pub operations: usize,
    /// How many there are.
    pub of: usize,
}

impl DirectCost {
    /// The cost in `splits`; `None` if there are none.
    #[must_use]
    pub fn of(splits: &[Split]) -> Option<DirectCost> {
        let mut values = BTreeMap::new();
        for split in splits {
            *values.entry(split.direct).or_insert(0) += 1;
        }
        let (value, operations) = values.into_iter().min_by_key(|(_, times)| Reverse(*times))?;
        Some(DirectCost { value, operations, of: splits.len() })
    }
}
