//! The cost of an empty timed section, kernel by kernel.

use hookbench_model::Clock;
use hookbench_results::Run;

use crate::text;

/// The cost of an empty timed section on one kernel, over all its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calibration {
    /// The kernel's name.
    pub kernel: String,
    /// The clock of the cost.
    pub clock: Clock,
    /// The lowest cost, in the clock's unit.
    pub min: u64,
    /// The highest cost, in the clock's unit.
    pub max: u64,
}

impl Calibration {
    /// `5 instructions`, or `5 to 7 instructions` when cells differ.
    pub fn cost(&self) -> String {
        let (min, max, unit) = (text::grouped(self.min), text::grouped(self.max), self.clock.unit());
        if min == max { format!("{min} {unit}") } else { format!("{min} to {max} {unit}") }
    }
}

/// The calibration of each kernel and clock, in the order of the run.
pub fn calibrations(run: &Run) -> Vec<Calibration> {
    let mut all: Vec<Calibration> = Vec::new();
    for measurement in &run.measurements {
        let Some(cost) = measurement.measured().map(|measured| measured.calibration) else { continue };
        let (kernel, clock) = (text::one_line(&measurement.cell.booted_kernel()), measurement.clock);
        match all.iter_mut().find(|known| known.kernel == kernel && known.clock == clock) {
            Some(known) => (known.min, known.max) = (known.min.min(cost), known.max.max(cost)),
            None => all.push(Calibration { kernel, clock, min: cost, max: cost }),
        }
    }
    all
}

/// The meaning of the calibration, for readers.
pub const MEANING: &str = "This is the cost of an empty timed section. It is part of every p50 and \
                                       cancels out in the cost that a monitor adds.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_calibration_that_differs_is_a_range() {
        let cost = Calibration { kernel: "6.1".into(), clock: Clock::Instructions, min: 5, max: 7 }.cost();
        assert_eq!(cost, "5 to 7 instructions");
    }
}
