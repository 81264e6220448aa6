//! What the noise of a clock leaves of a change.

use serde::Serialize;

use super::sides::BaseAndNew;
use crate::noisy::{ChangeVerdict, NoiseRule, NoisyDifference, difference, split_into_rounds};
use hookbench_model::Measured;

/// A change under a noisy clock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ChangeNoise {
    /// The number of rounds.
    pub rounds: BaseAndNew<usize>,
    /// The difference with its interval; `None` if a side has fewer than two rounds, because
    /// nothing then says how rounds differ.
    pub difference: Option<NoisyDifference>,
}

impl ChangeNoise {
    /// Compares by [`NoiseRule::default`]. The rounds of two runs are not paired.
    pub(super) fn new(base: &Measured, new: &Measured) -> ChangeNoise {
        let rounds = |measured: &Measured| split_into_rounds(&measured.samples, &measured.rounds);
        let (base, new) = (rounds(base), rounds(new));
        ChangeNoise {
            rounds: BaseAndNew { base: base.len(), new: new.len() },
            difference: difference(&base, &new, &NoiseRule::default()),
        }
    }

    /// Returns the verdict if changes below `least`, a share of the base, do not matter.
    pub fn verdict_with_least(&self, least: f64) -> ChangeVerdict {
        self.difference.map_or(ChangeVerdict::Inconclusive, |difference| difference.verdict_with_least(least))
    }
}
