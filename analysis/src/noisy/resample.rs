//! The bootstrap's draws with replacement: rounds first, then samples within them.

use super::rounds::median_of;
use crate::random::Random;

/// Draws rounds and samples. It keeps its buffer from draw to draw.
#[derive(Default)]
pub(super) struct Resampler {
    samples: Vec<u64>,
}

impl Resampler {
    /// Draws the indices of `count` rounds.
    pub(super) fn choose_rounds(&self, count: usize, random: &mut Random) -> Vec<usize> {
        (0..count).map(|_| random.below(count)).collect()
    }

    /// Resamples each chosen round and returns the mean of their medians.
    pub(super) fn mean_of_medians(
        &mut self,
        rounds: &[&[u64]],
        chosen: &[usize],
        random: &mut Random,
    ) -> f64 {
        let mut sum = 0.0;
        for &index in chosen {
            self.samples.clear();
            self.resample(rounds[index], random);
            sum += median_of(&mut self.samples);
        }
        sum / chosen.len().max(1) as f64
    }

    /// Resamples each chosen round and returns the median of all their samples together.
    pub(super) fn pooled_median(&mut self, rounds: &[&[u64]], chosen: &[usize], random: &mut Random) -> f64 {
        self.samples.clear();
        for &index in chosen {
            self.resample(rounds[index], random);
        }
        median_of(&mut self.samples)
    }

    fn resample(&mut self, round: &[u64], random: &mut Random) {
        self.samples.extend((0..round.len()).map(|_| round[random.below(round.len())]));
    }
}
