//! Rounds of samples: how a flat list is split into them, and their medians, mean and
//! variance.

/// Splits `samples` into rounds of the given lengths. Samples beyond them form one more
/// round. Without lengths, all samples are one round.
pub fn split_into_rounds(samples: &[u64], lengths: &[u32]) -> Vec<Vec<u64>> {
    let mut rounds = Vec::new();
    let mut rest = samples;
    for &length in lengths {
        let (round, others) = rest.split_at(rest.len().min(length as usize));
        rounds.push(round.to_vec());
        rest = others;
    }
    if !rest.is_empty() {
        rounds.push(rest.to_vec());
    }
    rounds
}

/// Returns the rounds that have samples.
pub(super) fn non_empty(rounds: &[Vec<u64>]) -> Vec<&[u64]> {
    rounds.iter().map(Vec::as_slice).filter(|round| !round.is_empty()).collect()
}

/// Returns the median of each round. A spike within a round does not move it.
pub(super) fn medians(rounds: &[&[u64]]) -> Vec<f64> {
    rounds.iter().map(|round| median_of(&mut round.to_vec())).collect()
}

/// Returns the arithmetic mean; 0 without values.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Estimates the variance of the mean of `values`; 0 with fewer than two.
pub(super) fn variance_of_mean(values: &[f64]) -> f64 {
    let (mean, count) = (mean(values), values.len() as f64);
    if count < 2.0 {
        return 0.0;
    }
    values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0) / count
}

/// Returns the median. With an even number of samples it is the mean of the two in the
/// middle: picking one of them would lose half a step of the clock.
pub(super) fn median_of(samples: &mut [u64]) -> f64 {
    let half = samples.len() / 2;
    if half == 0 {
        return samples.first().copied().unwrap_or(0) as f64;
    }
    let even = samples.len().is_multiple_of(2);
    let (below, upper, _) = samples.select_nth_unstable(half);
    let upper = *upper as f64;
    match below.iter().max() {
        Some(&lower) if even => f64::midpoint(lower as f64, upper),
        _ => upper,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_split_where_rounds_ended() {
        assert_eq!(split_into_rounds(&[1, 2, 3, 4, 5], &[2, 2]), [vec![1, 2], vec![3, 4], vec![5]]);
        assert_eq!(split_into_rounds(&[1, 2], &[]), [vec![1, 2]]);
        assert_eq!(split_into_rounds(&[1], &[3, 3]), [vec![1], vec![]]);
    }
}
