//! How far two clocks agree about the same operations: how much one says beyond the
//! other, and whether they order the operations alike.

/// What is said of two clocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// Operations that both measured.
    pub operations: usize,
    /// The median of what the second says less what the first says, operation by
    /// operation; of meaning where the units are the same.
    pub median_difference: i64,
    /// Spearman's rank correlation, from −1 to 1; none where one of them says the
    /// same of all operations.
    pub rank_correlation: Option<f64>,
}

/// Compares pairs of samples of the same operations; `None` when there are none.
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

/// Spearman's rank correlation of the pairs of `one` and `two`; `None` where a side says
/// the same of all, and where they are not equally many.
pub fn spearman(one: &[u64], two: &[u64]) -> Option<f64> {
    (one.len() == two.len()).then(|| correlation(&ranks(one), &ranks(two))).flatten()
}

/// Kendall's rank correlation τ-b, which takes ties into account; `None` likewise. Of
/// all pairs of pairs, so for no more than some thousands.
pub fn kendall(one: &[u64], two: &[u64]) -> Option<f64> {
    let (mut agree, mut apart_one, mut apart_two) = (0i64, 0i64, 0i64);
    for (index, (first, second)) in one.iter().zip(two).enumerate() {
        for (other_first, other_second) in one.iter().zip(two).take(index) {
            let (by_one, by_two) = (first.cmp(other_first) as i64, second.cmp(other_second) as i64);
            agree += by_one * by_two;
            apart_one += by_one.abs();
            apart_two += by_two.abs();
        }
    }
    // One root of both: of equal ones it is exactly what they are.
    let spread = (apart_one as f64 * apart_two as f64).sqrt();
    (one.len() == two.len() && spread > 0.0).then(|| agree as f64 / spread)
}

/// The rank of each value; equal ones share the mean of theirs.
fn ranks(values: &[u64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by_key(|&index| values[index]);
    let mut ranks = vec![0.0; values.len()];
    let mut begin = 0;
    while begin < order.len() {
        let alike = order[begin..].iter().take_while(|&&index| values[index] == values[order[begin]]).count();
        let shared = begin as f64 + (alike as f64 - 1.0) / 2.0;
        order[begin..begin + alike].iter().for_each(|&index| ranks[index] = shared);
        begin += alike;
    }
    ranks
}

/// Pearson's correlation; `None` where a side is constant.
fn correlation(one: &[f64], two: &[f64]) -> Option<f64> {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_one, mean_two) = (mean(one), mean(two));
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        one.iter().zip(two).map(|(one, two)| of(one - mean_one, two - mean_two)).sum()
    };
    let spread = (sum(&|one, _| one * one) * sum(&|_, two| two * two)).sqrt();
    (spread > 0.0).then(|| sum(&|one, two| one * two) / spread)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn clocks_that_differ_by_a_constant_agree_in_order() {
        let found = agreement(&[(5, 105), (9, 109), (7, 107), (7, 107)]).unwrap();
        assert_eq!((found.operations, found.median_difference), (4, 100));
        assert!((found.rank_correlation.unwrap() - 1.0).abs() < 1e-12);
        let turned = agreement(&[(1, 30), (2, 20), (3, 10)]).unwrap();
        assert!((turned.rank_correlation.unwrap() + 1.0).abs() < 1e-12);
        assert_eq!(agreement(&[(1, 4), (1, 5)]).unwrap().rank_correlation, None);
        assert_eq!(agreement(&[]), None);
    }

    #[test]
    fn kendall_counts_pairs_in_and_out_of_order_and_ties() {
        assert_eq!(kendall(&[1, 2, 3, 4], &[10, 20, 30, 40]), Some(1.0));
        // Five pairs in order, one not.
        assert!((kendall(&[1, 2, 3, 4], &[10, 20, 40, 30]).unwrap() - 4.0 / 6.0).abs() < 1e-12);
        // Of six pairs, one is tied on a side: 5 / sqrt(6 * 5).
        assert!((kendall(&[1, 2, 3, 4], &[10, 20, 30, 30]).unwrap() - 5.0 / 30f64.sqrt()).abs() < 1e-12);
        assert_eq!(kendall(&[1, 2], &[3, 3]), None);
        assert_eq!((kendall(&[], &[]), spearman(&[1], &[])), (None, None));
        assert!((spearman(&[1, 2, 3, 4], &[10, 20, 40, 30]).unwrap() - 0.8).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn rank_correlations_are_between_their_bounds(pairs in proptest::collection::vec(any::<(u64, u64)>(), 0..40)) {
            let (one, two): (Vec<u64>, Vec<u64>) = pairs.into_iter().unzip();
            for found in [spearman(&one, &two), kendall(&one, &two)].into_iter().flatten() {
                prop_assert!((-1.000001..=1.000001).contains(&found));
            }
        }

        #[test]
        fn any_pairs_are_compared(pairs in proptest::collection::vec(any::<(u64, u64)>(), 1..50)) {
            let found = agreement(&pairs).unwrap();
            if let Some(correlation) = found.rank_correlation {
                prop_assert!((-1.000001..=1.000001).contains(&correlation));
            }
        }
    }
}
