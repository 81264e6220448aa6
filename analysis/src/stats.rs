//! Statistics of samples. Percentiles use the nearest rank, so they are always values that
//! were measured.

/// The statistics of a cell's samples that reports show, in the clock's unit.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Summary {
    /// The number of samples.
    pub n: usize,
    /// The smallest sample.
    pub min: u64,
    /// The median.
    pub p50: u64,
    /// 90 % of the samples are not larger.
    pub p90: u64,
    /// 99 % of the samples are not larger.
    pub p99: u64,
    /// The largest sample.
    pub max: u64,
    /// The arithmetic mean.
    pub mean: f64,
}

impl Summary {
    /// Summarises `samples`; `None` if there are none.
    pub fn from_samples(samples: &[u64]) -> Option<Summary> {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        let (&min, &max) = (sorted.first()?, sorted.last()?);
        let sum: u128 = sorted.iter().map(|&sample| u128::from(sample)).sum();
        Some(Summary {
            n: sorted.len(),
            min,
            p50: percentile(&sorted, 50),
            p90: percentile(&sorted, 90),
            p99: percentile(&sorted, 99),
            max,
            mean: sum as f64 / sorted.len() as f64,
        })
    }
}

/// Returns the nearest-rank percentile of sorted samples.
///
/// # Panics
/// If `sorted` is empty.
pub fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn percentiles_are_measured_values() {
        let hundred: Vec<u64> = (1..=100).rev().collect();
        let summary = Summary::from_samples(&hundred).unwrap();
        assert_eq!((summary.min, summary.p50, summary.p90, summary.p99, summary.max), (1, 50, 90, 99, 100));
        assert_eq!(summary.mean, 50.5);
        assert_eq!(Summary::from_samples(&[7]).unwrap().p99, 7);
        assert_eq!(Summary::from_samples(&[]), None);
    }

    proptest! {
        #[test]
        fn the_order_of_samples_does_not_matter(mut samples in proptest::collection::vec(any::<u64>(), 1..200)) {
            let forward = Summary::from_samples(&samples).unwrap();
            samples.reverse();
            prop_assert_eq!(forward, Summary::from_samples(&samples).unwrap());
            prop_assert!(samples.contains(&forward.p50));
            prop_assert!(forward.min <= forward.p50 && forward.p50 <= forward.p90);
            prop_assert!(forward.p90 <= forward.p99 && forward.p99 <= forward.max);
        }
    }
}
