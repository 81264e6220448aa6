//! Whether a killing monitor comes too late: a signal does not undo what the kernel is about to do. After the
//! timed operations the worker makes as many again, with a witness attached, so the check never affects a
//! number.

use anyhow::{Result, bail};
use hookbench_model::Behaviour;
use hookbench_model::measurement::Happened;
use hookbench_probes::attach::Attached;
use hookbench_probes::attach::witness::Witness;
use hookbench_workloads::Denial;

use super::prepared::Prepared;
use super::worker::{self, Work};

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
) -> Result<Happened> {
    let witness = Witness::attach(behaviour)?;
    // The timed run has already made the operations that the policy lets pass.
    let work = Work { warmup: 0, ..work };
    let finished = worker::run(work, prepared, attached)?;
    if let Some(other) = finished.samples.iter().find(|sample| sample.refused != Some(denial.refusal)) {
        bail!(
            "an operation with the witness attached ended otherwise than the timed ones: {:?}",
            other.refused
        );
    }
    let testimony = witness.testimony()?;
    let seen = testimony.happened + testimony.prevented;
    let of = work.workload.expected(&work.spec.params, work.enforcement, work.operations()).events;
    if seen != of {
        bail!("the witness saw {seen} of {of} {} events end", behaviour.name);
    }
    Ok(Happened { events: testimony.happened, of })
}
