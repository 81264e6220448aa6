//! Outliers: hookbench counts samples that lie far from the rest and keeps them.

use crate::stats::percentile;

/// How many samples lie far from the rest: outside the quartiles by more than three times
/// the interquartile range (Tukey's "far out").
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outliers {
    /// Samples far below the first quartile.
    pub low: usize,
    /// Samples far above the third quartile.
    pub high: usize,
}

/// Counts the outliers among `samples`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outliers_are_counted_on_both_sides() {
        let mut samples: Vec<u64> = (1000..1100).collect();
        samples.extend([9000, 9001, 1]);
        assert_eq!(outliers(&samples), Outliers { low: 1, high: 2 });
        assert_eq!(outliers(&[]), Outliers::default());
    }
}
