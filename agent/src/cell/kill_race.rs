//! Whether a killing monitor comes too late: a signal does not undo what the kernel is about to do. After the
//! timed operations the worker makes as many again, with a witness attached, so the check never affects a
//! number.

use anyhow::anyhow;
use hookbench_model::Behaviour;
use hookbench_model::measurement::Happened;
use hookbench_probes::attach::Attached;
use hookbench_probes::attach::witness::Witness;
use hookbench_workloads::Denial;

use super::prepared::Prepared;
use super::work::Work;
use super::worker;
use crate::no_number::NoNumber;

/// Makes the operations again with a witness, and counts those that happened although they were killed.
///
/// # Errors
/// When the witness did not see each of them end, or they ended otherwise than before.
pub(super) fn count(
    work: Work,
    denial: Denial,
    behaviour: &'static Behaviour,
    prepared: &Prepared,
    attached: &mut dyn Attached,
) -> Result<Happened, NoNumber> {
    let witness = Witness::attach(behaviour)?;
    // The timed run has already made the operations that the policy lets pass.
    let work = Work { warmup: 0, ..work };
    let finished = worker::run(work, prepared, attached)?.finished()?;
    if let Some(other) = finished.samples.iter().find(|sample| sample.refused != Some(denial.refusal)) {
        let how = other.refused;
        let error =
            anyhow!("an operation with the witness attached ended otherwise than the timed ones: {how:?}");
        return Err(error.into());
    }
    let testimony = witness.testimony()?;
    let seen = testimony.happened + testimony.prevented;
    let of = work.workload.expected(&work.spec.params, work.enforcement, work.operations()).events;
    if seen != of {
        return Err(anyhow!("the witness saw {seen} of {of} {} events end", behaviour.name).into());
    }
    Ok(Happened { events: testimony.happened, of })
}
