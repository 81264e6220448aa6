//! Times the allowed neighbours of a scenario under a policy. Each operation is a fresh process, as when ways are tried.
//! QEMU's plugin writes where the instructions of each operation went; it needs to see as many operations as were asked
//! for, so an operation that cannot be made is marked all the same.

use anyhow::Result;
use hookbench_model::Refusal;
use hookbench_workloads::{operation_was_made, operations_follow};

use super::maker::Maker;
use super::policies::Attached;
use super::trial::{self, Ended};
use crate::exchange::{Timed, Timing};
use crate::modules;
use crate::scenario::{Scenario, Way};
use crate::scene::Scene;

/// Times each neighbour.
///
/// # Errors
/// When the runner itself fails.
pub(super) fn run(
    timing: Timing,
    scenario: &Scenario,
    scene: &Scene,
    attached: &mut dyn Attached,
    maker: &mut Maker,
) -> Result<Vec<Timed>> {
    let mut operation = |number: usize, way: &Way| -> Result<Result<u64, String>> {
        trial::prepare(way, scenario, scene, attached, true)?;
        took(maker.make(number), way, scenario, scene)
    };
    let mut timed = Vec::new();
    for (number, way) in scenario.neighbours().enumerate() {
        let mut why = way.unpriced.map(String::from);
        why = why.or_else(|| way.needs.iter().find_map(|&need| modules::lack(need)));
        for _ in 0..timing.warmup {
            if why.is_none() {
                why = operation(number, way)?.err();
            }
        }
        timed.push(Timed { way: way.name.into(), samples: Vec::new(), why });
    }
    operations_follow();
    for ((number, way), timed) in scenario.neighbours().enumerate().zip(&mut timed) {
        for _ in 0..timing.operations {
            if timed.why.is_none() {
                match operation(number, way)? {
                    Ok(sample) => timed.samples.push(sample),
                    Err(why) => timed.why = Some(why),
                }
            }
            operation_was_made();
        }
    }
    Ok(timed)
}

/// The instructions of the operation that ended so, or why it cannot be timed.
fn took(ended: Result<Ended>, way: &Way, scenario: &Scenario, scene: &Scene) -> Result<Result<u64, String>> {
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => return Ok(Err(format!("its parent has ended: {error:#}"))),
    };
    let errno = trial::errno(scene.shared).map(Refusal::Errno);
    let why = match (ended, errno) {
        (Ended::HungUp, _) => "it does not end".into(),
        (Ended::Killed(signal), _) => format!("it is ended by {}", Refusal::Signal(signal)),
        (Ended::Exited, _) if trial::has_effect(way, scenario, scene)? => match scene.shared.section.took() {
            Some(took) => return Ok(Ok(took)),
            None => "its window does not close".into(),
        },
        (Ended::Exited, Some(errno)) => format!("it does not work: {errno}"),
        (Ended::Exited, None) => "it does not work".into(),
    };
    Ok(Err(why))
}
