//! What a custom monitor was seen to do. hookbench does not know which events it has to see, so the agent asks
//! the kernel whether its BPF programs run while operations are made. The operations are made again for that,
//! untimed, because counting runs has a cost.

use anyhow::Result;
use hookbench_model::FailureKind;
use hookbench_model::protocol::CellSpec;
use hookbench_probes::attach::Attached;
use hookbench_probes::attach::custom::{Evidence, LoadedProgram, RunCounting};

use super::patience::{BETWEEN_LOOKS, LOOKS};
use super::prepared::Prepared;
use super::worker::{self, Work};
use crate::no_number::NoNumber;

/// How many operations are made again.
const AGAIN: u32 = 10;

/// What the monitor did, for readers of the numbers; nothing for a monitor of hookbench's. A custom monitor has
/// ended afterwards.
///
/// # Errors
/// When none of its programs ran and one had to, when it is no longer at work, or when the kernel does not
/// tell.
pub(super) fn evidence(
    work: Work,
    prepared: &Prepared,
    attached: &mut dyn Attached,
) -> Result<Vec<String>, NoNumber> {
    let Some(custom) = attached.evidence() else { return Ok(Vec::new()) };
    let mut notes = settled_notes(custom)?;
    let (programs, owes) = (custom.programs()?, custom.owes_runs());
    if !programs.is_empty() || owes {
        notes.push(runs_note(work, prepared, attached, &programs, owes)?);
    }
    if let Some(custom) = attached.evidence() {
        notes.extend(custom.end()?);
    }
    Ok(notes)
}

/// How often the programs ran; that none did is a failure if the monitor owes runs.
fn runs_note(
    work: Work,
    prepared: &Prepared,
    attached: &mut dyn Attached,
    programs: &[LoadedProgram],
    owes: bool,
) -> Result<String, NoNumber> {
    let runs = count_runs(work, prepared, attached, programs)?;
    let names = || programs.iter().map(|program| program.name.as_str());
    if owes && runs.iter().sum::<u64>() == 0 {
        let message = format!(
            "none of its programs ran while {AGAIN} operations of {} were made ({}): the operations do nothing \
             that it watches",
            work.spec.workload,
            names().collect::<Vec<_>>().join(", "),
        );
        return Err(NoNumber::failure(FailureKind::EventsMismatch, message));
    }
    let runs: Vec<String> = names().zip(runs).map(|(name, runs)| format!("{name} {runs}")).collect();
    Ok(format!("runs of its BPF programs in {AGAIN} operations more, untimed: {}", runs.join(", ")))
}

/// How often each program ran in [`AGAIN`] operations: in one more than that, without what it ran in one. The
/// beginning and the end of a worker run programs, too.
fn count_runs(
    work: Work,
    prepared: &Prepared,
    attached: &mut dyn Attached,
    programs: &[LoadedProgram],
) -> Result<Vec<u64>> {
    let counting = RunCounting::start()?;
    let mut runs_in = |operations| -> Result<Vec<u64>> {
        let before = counting.runs(programs)?;
        let spec = CellSpec { samples: operations, ..work.spec.clone() };
        worker::run(Work { spec: &spec, warmup: 0, ..work }, prepared, attached)?;
        let after = counting.runs(programs)?;
        Ok(after.iter().zip(before).map(|(after, before)| after.saturating_sub(before)).collect())
    };
    let (one, more) = (runs_in(1)?, runs_in(AGAIN + 1)?);
    Ok(more.iter().zip(one).map(|(more, one)| more.saturating_sub(one)).collect())
}

/// What the monitor did, once its readers have nothing more to read. The number of looks is limited: some
/// monitors see their own readers run, and never come to an end.
fn settled_notes(custom: &mut dyn Evidence) -> Result<Vec<String>> {
    let mut last = custom.notes()?;
    for _ in 0..LOOKS {
        std::thread::sleep(BETWEEN_LOOKS);
        let now = custom.notes()?;
        if now == last {
            break;
        }
        last = now;
    }
    Ok(last)
}
