//! Whether a killing monitor comes too late: a signal does not undo what the kernel
//! is about to do. Asked of as many operations again, after the timed ones, so that
//! what finds it out is in no number.

use anyhow::{Result, bail};
use hookbench_model::Behaviour;
use hookbench_model::measurement::Happened;
use hookbench_probes::attach::Attached;
use hookbench_probes::attach::witness::Witness;
use hookbench_workloads::Denial;

use crate::prepared::Prepared;
use crate::worker::{self, Work};

/// Has the operations made again, before a witness.
///
/// # Errors
/// When the witness did not see each of them end, or they ended otherwise than before.
pub(crate) fn happened(
    work: Work,
    denial: Denial,
    behaviour: &'static Behaviour,
    prepared: &Prepared,
    attached: &mut dyn Attached,
) -> Result<Happened> {
    let witness = Witness::attach(behaviour)?;
    // What the policy lets pass has passed.
    let samples = worker::run(Work { warmup: 0, ..work }, prepared, attached)?;
    if let Some(other) = samples.iter().find(|sample| sample.refused != Some(denial.refusal)) {
        bail!("an operation before the witness ended otherwise than the timed ones: {:?}", other.refused);
    }
    let testimony = witness.testimony()?;
    let (seen, of) =
        (testimony.happened + testimony.prevented, work.workload.events(work.spec.samples.into()));
    if seen != of {
        bail!("the witness saw {seen} of {of} {} events end", behaviour.name);
    }
    Ok(Happened { events: testimony.happened, of })
}
