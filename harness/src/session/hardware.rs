//! The options of a run on hardware, with guests under KVM or without guests. What the
//! machine is like is in `host/machine.rs`.

use std::time::Duration;

use anyhow::{Result, bail};
use hookbench_model::Clock;
use hookbench_results::hardware::Hardware;

use crate::session::host::machine;

/// The options of a run on hardware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HardwareOptions {
    /// The clocks. The first must be [`Clock::Tsc`].
    pub clocks: Vec<Clock>,
    /// The number of rounds, in each of which every cell is measured once.
    pub rounds: u32,
    /// The seed of the random order.
    pub seed: u64,
    /// The time limit of a cell in one round.
    pub budget: Duration,
}

impl HardwareOptions {
    /// The options of one round with the first clock alone.
    #[must_use]
    pub fn one_round(budget: Duration) -> HardwareOptions {
        HardwareOptions { clocks: vec![Clock::Tsc], rounds: 1, seed: 0, budget }
    }

    /// The clocks after the first.
    ///
    /// # Errors
    /// When the first clock is not the time-stamp counter.
    pub(crate) fn secondary_clocks(&self) -> Result<&[Clock]> {
        match self.clocks.split_first() {
            Some((Clock::Tsc, secondary)) => Ok(secondary),
            _ => bail!("the first clock must be tsc: it times the operations, the others add detail"),
        }
    }

    /// Describes this machine and these options, with workers pinned to `cpu`.
    ///
    /// # Errors
    /// When the CPU has no usable time-stamp counter.
    pub(crate) fn describe(&self, cpu: u32) -> Result<Hardware> {
        Ok(Hardware {
            rounds: self.rounds,
            seed: self.seed,
            clocks: self.clocks.iter().map(|clock| clock.name().to_string()).collect(),
            ..machine::describe(cpu)?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_clock_must_be_the_time_stamp_counter() {
        let mut options = HardwareOptions::one_round(Duration::from_secs(1));
        assert_eq!(options.secondary_clocks().unwrap(), []);
        options.clocks = vec![Clock::Tsc, Clock::Perf];
        assert_eq!(options.secondary_clocks().unwrap(), [Clock::Perf]);
        options.clocks = vec![Clock::Perf, Clock::Tsc];
        assert!(options.secondary_clocks().unwrap_err().to_string().contains("must be tsc"));
    }
}
