//! How well two clocks agree about the same operations: the difference of their values, and
//! whether both put the operations into the same order.

/// How well two clocks agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// The number of operations that both measured.
    pub operations: usize,
    /// The median of `second − first` over all operations; meaningful if the units are the
    /// same.
    pub median_difference: i64,
    /// Spearman's rank correlation, from −1 to 1; `None` if all values of a clock are equal.
    pub rank_correlation: Option<f64>,
}

/// Compares pairs of samples of the same operations; `None` without pairs.
pub fn agreement(pairs: &[(u64, u64)]) -> Option<Agreement> {
    let difference = |&(first, second): &(u64, u64)| {
        let difference = i128::from(second) - i128::from(first);
        difference.clamp(i64::MIN.into(), i64::MAX.into()) as i64
    };
    let mut differences: Vec<i64> = pairs.iter().map(difference).collect();
    differences.sort_unstable();
    let median_difference = *differences.get(differences.len().checked_sub(1)? / 2)?;
    let first = ranks(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>());
    let second = ranks(&pairs.iter().map(|pair| pair.1).collect::<Vec<_>>());
    Some(Agreement {
        operations: pairs.len(),
        median_difference,
        rank_correlation: correlation(&first, &second),
    })
}

/// Returns Spearman's rank correlation of `one` and `two`; `None` if all values of a side are
/// equal, or if the lengths differ.
pub fn spearman(one: &[u64], two: &[u64]) -> Option<f64> {
    (one.len() == two.len()).then(|| correlation(&ranks(one), &ranks(two))).flatten()
}

/// Returns Kendall's rank correlation τ-b, which accounts for ties; `None` as for [`spearman`].
/// It compares every pair of elements, so use it for a few thousand at most.
pub fn kendall(one: &[u64], two: &[u64]) -> Option<f64> {
    let (mut concordance, mut untied_one, mut untied_two) = (0i64, 0i64, 0i64);
    for (index, (first, second)) in one.iter().zip(two).enumerate() {
        for (other_first, other_second) in one.iter().zip(two).take(index) {
            let (by_one, by_two) = (first.cmp(other_first) as i64, second.cmp(other_second) as i64);
            concordance += by_one * by_two;
            untied_one += by_one.abs();
            untied_two += by_two.abs();
        }
    }
    // The root of the product, not a product of roots: exact if both factors are equal.
    let spread = (untied_one as f64 * untied_two as f64).sqrt();
    (one.len() == two.len() && spread > 0.0).then(|| concordance as f64 / spread)
}

/// Returns the rank of each value. Equal values share the mean of their ranks.
fn ranks(values: &[u64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|&index| values[index]);
    let mut ranks = vec![0.0; values.len()];
    let mut begin = 0;
    while begin < order.len() {
        let equal = order[begin..].iter().take_while(|&&index| values[index] == values[order[begin]]).count();
        let shared = begin as f64 + (equal as f64 - 1.0) / 2.0;
        order[begin..begin + equal].iter().for_each(|&index| ranks[index] = shared);
        begin += equal;
    }
    ranks
}

/// Returns Pearson's correlation; `None` if a side is constant.
fn correlation(one: &[f64], two: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_one, mean_two) = (mean(one), mean(two));
    let sum = |term: &dyn Fn(f64, f64) -> f64| -> f64 {
        one.iter().zip(two).map(|(one, two)| term(one - mean_one, two - mean_two)).sum()
    };
    let spread = (sum(&|one, _| one * one) * sum(&|_, two| two * two)).sqrt();
    (spread > 0.0).then(|| sum(&|one, two| one * two) / spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn clocks_with_a_constant_difference_agree_in_order() {
        let found = agreement(&[(5, 105), (9, 109), (7, 107), (7, 107)]).unwrap();
        assert_eq!((found.operations, found.median_difference), (4, 100));
        assert!((found.rank_correlation.unwrap() - 1.0).abs() < 1e-12);
        let reversed = agreement(&[(1, 30), (2, 20), (3, 10)]).unwrap();
        assert!((reversed.rank_correlation.unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(agreement(&[(1, 4), (1, 5)]).unwrap().rank_correlation, None);
        assert_eq!(agreement(&[]), None);
    }

    #[test]
    fn kendall_counts_concordant_discordant_and_tied_pairs() {
        assert_eq!(kendall(&[1, 2, 3, 4], &[10, 20, 30, 40]), Some(1.0));
        // Five concordant pairs and one discordant.
        assert!((kendall(&[1, 2, 3, 4], &[10, 20, 40, 30]).unwrap() - 4.0 / 6.0).abs() < 1e-12);
        // One of the six pairs is tied on one side: 5 / sqrt(6 * 5).
        assert!((kendall(&[1, 2, 3, 4], &[10, 20, 30, 30]).unwrap() - 5.0 / 30f64.sqrt()).abs() < 1e-12);
        assert_eq!(kendall(&[1, 2], &[3, 3]), None);
        assert_eq!((kendall(&[], &[]), spearman(&[1], &[])), (None, None));
        assert!((spearman(&[1, 2, 3, 4], &[10, 20, 40, 30]).unwrap() - 0.8).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn rank_correlations_are_within_their_bounds(pairs in proptest::collection::vec(any::<(u64, u64)>(), 0..40)) {
            let (one, two): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
            for found in [spearman(&one, &two), kendall(&one, &two)].into_iter().flatten() {
                prop_assert!((-1.000001..=1.000001).contains(&found));
            }
        }

        #[test]
        fn any_pairs_can_be_compared(pairs in proptest::collection::vec(any::<(u64, u64)>(), 1..50)) {
            let found = agreement(&pairs).unwrap();
            if let Some(correlation) = found.rank_correlation {
                prop_assert!((-1.000001..=1.000001).contains(&correlation));
            }
        }
    }
}
