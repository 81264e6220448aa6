//! Tests of the whole comparison on synthetic noise.

use proptest::prelude::*;

use super::*;
use crate::random::Random;

/// Rounds of log-normal samples around `level`, with spikes and a drift from round to round.
fn noisy(level: f64, spread: f64, rounds: usize, samples: usize, seed: u64) -> Vec<Vec<u64>> {
    let mut random = Random::new(seed);
    let round = |number: usize| {
        let round_level = level * (1.0 + 0.002 * number as f64);
        let sample = |random: &mut Random| {
            let spike = if random.fraction() < 0.02 { 5.0 } else { 1.0 };
            (round_level * spike * (spread * random.normal()).exp()) as u64
        };
        (0..samples).map(|_| sample(&mut random)).collect()
    };
    (0..rounds).map(round).collect()
}

#[test]
fn one_round_is_inconclusive() {
    let one = noisy(1000.0, 0.05, 1, 50, 1);
    let other = noisy(2000.0, 0.05, 1, 50, 2);
    assert_eq!(compare(&one, &other, &NoiseRule::default()), ChangeVerdict::Inconclusive);
    assert_eq!(compare(&[], &other, &NoiseRule::default()), ChangeVerdict::Inconclusive);
    assert!(median_interval(&one, 0.05, 200, 1).is_some());
    assert_eq!(median_interval(&[vec![]], 0.05, 200, 1), None);
}

#[test]
fn equal_samples_without_noise_are_unchanged() {
    let exact = vec![vec![331; 20]; 3];
    let rule = NoiseRule { paired: true, ..NoiseRule::default() };
    let found = difference(&exact, &exact, &rule).unwrap();
    assert_eq!(found.verdict, ChangeVerdict::Unchanged);
    assert_eq!(found.change, Interval { value: 0.0, low: 0.0, high: 0.0 });
    assert_eq!(compare(&exact, &vec![vec![340; 20]; 3], &rule), ChangeVerdict::Regressed);
}

#[test]
fn a_change_has_to_be_significant_and_large_enough() {
    let (base, new) = (vec![vec![1000; 9]; 4], vec![vec![1005; 9]; 4]);
    assert_eq!(compare(&base, &new, &NoiseRule::default()), ChangeVerdict::Unchanged);
    let strict = NoiseRule { least: 0.001, ..NoiseRule::default() };
    assert_eq!(compare(&base, &new, &strict), ChangeVerdict::Regressed);
    assert_eq!(compare(&new, &base, &strict), ChangeVerdict::Improved);
    // A large change whose rounds disagree.
    let wild: Vec<Vec<u64>> = [700, 1500, 1000].map(|level| vec![level; 9]).to_vec();
    assert_eq!(compare(&base, &wild, &NoiseRule::default()), ChangeVerdict::Inconclusive);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_known_shift_is_found_with_its_sign(
        seed: u64,
        level in 500.0..1e6f64,
        rounds in 4..9usize,
        samples in 20..60usize,
        up: bool,
    ) {
        // The noise is 5 % of the level, the shift twice that.
        let other = if up { level * 1.10 } else { level / 1.10 };
        let rule = NoiseRule { false_alarms: 0.05, paired: true, resamples: 300, seed, ..NoiseRule::default() };
        let base = noisy(level, 0.05, rounds, samples, seed);
        let found = compare(&base, &noisy(other, 0.05, rounds, samples, !seed), &rule);
        let wrong = if up { ChangeVerdict::Improved } else { ChangeVerdict::Regressed };
        prop_assert!(found != wrong);
        let same = compare(&base, &base, &rule);
        prop_assert!(same == ChangeVerdict::Unchanged || same == ChangeVerdict::Inconclusive);
    }

    #[test]
    fn any_samples_are_compared_without_panic(
        base in proptest::collection::vec(proptest::collection::vec(any::<u64>(), 0..6), 0..5),
        new in proptest::collection::vec(proptest::collection::vec(any::<u64>(), 0..6), 0..5),
        false_alarms: f64,
        paired: bool,
    ) {
        let rule = NoiseRule { false_alarms, paired, resamples: 20, ..NoiseRule::default() };
        if let Some(found) = difference(&base, &new, &rule) {
            prop_assert!(found.change.low <= found.change.value);
            prop_assert!(found.change.value <= found.change.high);
        }
        let _ = median_interval(&base, false_alarms, 20, 1);
        let _ = outliers(&base.concat());
    }
}
