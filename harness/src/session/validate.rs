//! Validates the additional clocks in an answer from hardware. Cells of the exact clock
//! have none.

use hookbench_model::protocol::CellSpec;
use hookbench_model::{ClockSamples, Failure, FailureKind, Measured, Outcome};

/// More than all clocks and events together.
const MOST_CLOCKS: usize = 32;

/// Fails the cell unless every clock has one sample per operation.
pub(super) fn validate_clocks(spec: &CellSpec, outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Measured(measured) if !are_valid(spec, &measured) => Outcome::Failed(Failure {
            kind: FailureKind::Protocol,
            message: "the agent sent clocks without exactly one sample per operation".into(),
            console: Vec::new(),
        }),
        other => other,
    }
}

fn are_valid(spec: &CellSpec, measured: &Measured) -> bool {
    let complete = |clock: &ClockSamples| clock.samples.len() == spec.samples as usize;
    measured.others.len() <= MOST_CLOCKS && measured.others.iter().all(complete)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::trial;
    use hookbench_model::Target;

    #[test]
    fn a_clock_needs_a_sample_for_each_operation() {
        let (_, spec) = trial::cell("6.1", Target::Kvm);
        let with = |clocks: usize, samples: usize| {
            let clock = ClockSamples { samples: vec![1; samples], ..ClockSamples::default() };
            let measured = Measured { others: vec![clock; clocks], ..Measured::default() };
            validate_clocks(&spec, Outcome::Measured(measured)).word()
        };
        let samples = spec.samples as usize;
        assert_eq!(with(0, 0), "measured");
        assert_eq!(with(2, samples), "measured");
        assert_eq!(with(2, samples - 1), "failed");
        assert_eq!(with(MOST_CLOCKS + 1, samples), "failed");
        let unsupported = Outcome::Unsupported("no".into());
        assert_eq!(validate_clocks(&spec, unsupported.clone()), unsupported);
    }
}
