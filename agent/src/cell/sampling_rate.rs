//! Whether a monitor that samples took as many samples as it claims. It may miss events, so its events do not
//! show whether it works at all.

use std::time::Instant;

use anyhow::{Context, Result};
use hookbench_model::FailureKind;
use hookbench_probes::attach::{Attached, Ticks};

use crate::no_number::NoNumber;

/// How many of a hundred ticks that are due have to be made: the first and the last are cut off, and one may
/// be late.
const DUE: u64 = 90;

/// Every timer keeps up with so many ticks a second: the guests have QEMU's PIT, which is never set to less
/// than 13 microseconds from now. Above, some timers cannot.
const KEPT_UP: u64 = 50_000;

/// Started before the worker.
pub(super) struct SamplingRate {
    before: Ticks,
    begin: Instant,
}

impl SamplingRate {
    /// Starts; `None` for a monitor that does not sample.
    ///
    /// # Errors
    /// When the monitor's ticks cannot be read.
    pub(super) fn start(attached: &mut dyn Attached) -> Result<Option<SamplingRate>> {
        let before = attached.ticks().context("failed to read the ticks")?;
        Ok(before.map(|before| SamplingRate { before, begin: Instant::now() }))
    }

    /// How many ticks the monitor's timer has made since.
    ///
    /// # Errors
    /// When they are too few, or cannot be read.
    pub(super) fn end(self, attached: &mut dyn Attached) -> Result<u64, NoNumber> {
        let passed = self.begin.elapsed().as_micros() as u64;
        let after = attached.ticks().context("failed to read the ticks")?;
        let made = after.map_or(0, |after| after.made).saturating_sub(self.before.made);
        judge(self.before.rate, passed, made)
    }
}

/// Whether `made` ticks are enough for so many microseconds at `rate` a second.
fn judge(rate: u64, passed: u64, made: u64) -> Result<u64, NoNumber> {
    let due = passed * rate / 1_000_000;
    if made > 0 && made >= due * DUE / 100 {
        return Ok(made);
    }
    let message = format!("the timer ticked {made} times of {due}");
    Err(if rate > KEPT_UP && made > 0 {
        NoNumber::Unsupported(format!("{message}: this machine's timer cannot keep up"))
    } else {
        NoNumber::failure(FailureKind::EventsMismatch, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_ticks_are_enough_and_none_never_is() {
        assert!(matches!(judge(1_000, 1_000_000, 900), Ok(900)));
        assert!(matches!(judge(1_000, 1_000_000, 899), Err(NoNumber::Failed(_))));
        assert!(matches!(judge(1_000, 0, 0), Err(NoNumber::Failed(_))));
    }

    #[test]
    fn only_a_fast_timer_may_be_one_that_the_machine_does_not_have() {
        assert!(matches!(judge(100_000, 1_000_000, 50_000), Err(NoNumber::Unsupported(_))));
        assert!(matches!(judge(100_000, 1_000_000, 0), Err(NoNumber::Failed(_))));
        assert!(matches!(judge(KEPT_UP, 1_000_000, 1), Err(NoNumber::Failed(_))));
    }
}
