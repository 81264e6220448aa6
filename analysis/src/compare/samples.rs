//! Whether the samples of a cell are the same in both runs.

use std::collections::BTreeMap;

use serde::Serialize;

/// How the new samples of a cell differ from those of the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SampleChange {
    /// The same values in the same order.
    Same,
    /// The same values in another order.
    Reordered,
    /// Different values.
    Differ,
}

impl SampleChange {
    pub(super) fn new(base: &[u64], new: &[u64]) -> SampleChange {
        match base == new {
            true => SampleChange::Same,
            false if counts(base) == counts(new) => SampleChange::Reordered,
            false => SampleChange::Differ,
        }
    }
}

/// Counts how often each value occurs.
fn counts(samples: &[u64]) -> BTreeMap<u64, usize> {
    let mut counts = BTreeMap::new();
    for sample in samples {
        *counts.entry(*sample).or_default() += 1;
    }
    counts
}
