//! What a monitor of a user's own was seen to do: nobody knows what it has to see,
//! so the kernel is asked whether its programs run while operations are made. They are
//! made again for that, untimed: counting has a cost of its own.

use std::time::Duration;

use anyhow::Result;
use hookbench_model::protocol::CellSpec;
use hookbench_model::{Failure, FailureKind};
use hookbench_probes::attach::Attached;
use hookbench_probes::attach::own::{Counting, Own, Program};

use crate::prepared::Prepared;
use crate::worker::{self, Work};

/// So many operations are made again.
const AGAIN: u32 = 10;

/// Between two looks at what its readers have counted.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// So many looks, whatever they see.
const PATIENCE: u32 = 25;

/// What it did, for who reads the numbers; or that it did nothing, which is a
/// failure. Nothing for a monitor of ours. It is at its end afterwards.
///
/// # Errors
/// When it cannot be told, or it is no longer at work.
pub(crate) fn evidence(
    work: Work,
    prepared: &Prepared,
    attached: &mut dyn Attached,
) -> Result<Result<Vec<String>, Failure>> {
    let Some(own) = attached.own() else { return Ok(Ok(Vec::new())) };
    let mut notes = did(own)?;
    let programs = own.programs()?;
    if !programs.is_empty() || own.owes_runs() {
        let owes = own.owes_runs();
        let runs = runs(work, prepared, attached, &programs)?;
        let names = || programs.iter().map(|program| program.name.as_str());
        if owes && runs.iter().sum::<u64>() == 0 {
            let message = format!(
                "none of its programs ran while {AGAIN} operations of {} were made ({}): what it watches is not \
                 what they do",
                work.spec.workload,
                names().collect::<Vec<_>>().join(", ")
            );
            return Ok(Err(Failure { kind: FailureKind::EventsMismatch, message, console: Vec::new() }));
        }
        let runs: Vec<String> = names().zip(runs).map(|(name, runs)| format!("{name} {runs}")).collect();
        notes.push(format!(
            "runs of its BPF programs in {AGAIN} operations more, untimed: {}",
            runs.join(", ")
        ));
    }
    if let Some(own) = attached.own() {
        notes.extend(own.end()?);
    }
    Ok(Ok(notes))
}

/// How often each program ran in [`AGAIN`] operations: in one more than that, without
/// what it ran in one. A worker begins and ends as well, and has itself seen.
fn runs(
    work: Work,
    prepared: &Prepared,
    attached: &mut dyn Attached,
    programs: &[Program],
) -> Result<Vec<u64>> {
    let counting = Counting::start()?;
    let mut of = |operations| -> Result<Vec<u64>> {
        let before = counting.runs(programs)?;
        let spec = CellSpec { samples: operations, ..work.spec.clone() };
        worker::run(Work { spec: &spec, warmup: 0, ..work }, prepared, attached)?;
        let after = counting.runs(programs)?;
        Ok(after.iter().zip(before).map(|(after, before)| after.saturating_sub(before)).collect())
    };
    let (one, more) = (of(1)?, of(AGAIN + 1)?);
    Ok(more.iter().zip(one).map(|(more, one)| more.saturating_sub(one)).collect())
}

/// What it did, once its readers have nothing more to read, or do not come to an end:
/// some see their own readers run.
fn did(own: &mut dyn Own) -> Result<Vec<String>> {
    let mut last = own.did()?;
    for _ in 0..PATIENCE {
        std::thread::sleep(LOOK_AGAIN);
        let now = own.did()?;
        if now == last {
            break;
        }
        last = now;
    }
    Ok(last)
}
