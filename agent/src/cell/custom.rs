//! What a custom monitor was seen to do. hookbench does not know which events it has to see, so the agent asks
//! the kernel whether its BPF programs run while operations are made. The worker makes more operations for that,
//! untimed, because counting runs has a cost.

use anyhow::Result;
use hookbench_model::protocol::CellSpec;
use hookbench_model::{Caveat, CustomWorkload, FailureKind};
use hookbench_probes::attach::Attached;
use hookbench_probes::attach::Blind;
use hookbench_probes::attach::custom::{Evidence, LoadedProgram, RunCounting};

use super::patience::{BETWEEN_LOOKS, LOOKS};
use super::prepared::Prepared;
use super::work::Work;
use super::worker::{self, Worker};
use crate::no_number::NoNumber;

/// In how many operations runs are counted; in ten times as many if the first count shows nothing.
const AGAIN: u32 = 10;

/// What is known of a custom monitor after its cell.
#[derive(Default)]
pub(super) struct Findings {
    /// For readers of the numbers.
    pub(super) notes: Vec<String>,
    /// Why the numbers are not plain ones.
    pub(super) caveats: Vec<Caveat>,
}

/// Waits until a custom monitor is at work. Trial operations are made in workers that end. What a user's file sets up
/// is set up once, so such a workload has no trial operations.
///
/// # Errors
/// When it is not at work after some time, or has ended.
pub(super) fn wait_until_at_work(
    work: Work,
    prepared: &Prepared,
    custom: &mut dyn Evidence,
) -> Result<(), NoNumber> {
    let sets_up = matches!(&work.spec.work, Some(CustomWorkload::Calls(calls)) if !calls.setup.is_empty());
    let mut operate = |operations| -> Result<()> {
        if sets_up {
            return Ok(());
        }
        let spec = CellSpec { samples: operations, ..work.spec.clone() };
        let worker = worker::run_to_continue(
            Work { spec: &spec, warmup: 0, trial: true, ..work },
            prepared,
            &mut Blind,
        );
        worker.and_then(Worker::end).map_err(NoNumber::into_error)
    };
    Ok(custom.wait_until_at_work(&mut operate)?)
}

/// Adds to a cell that never rested what its monitor did meanwhile.
pub(super) fn blame(reason: NoNumber, attached: &mut dyn Attached) -> NoNumber {
    match (reason, attached.evidence()) {
        (NoNumber::Failed(mut failure), Some(custom)) if failure.kind == FailureKind::NeverIdle => {
            let did = custom.did().unwrap_or_default().join("; ");
            failure.message += &format!("; meanwhile: {did}. Does it report its own reader?");
            NoNumber::Failed(failure)
        }
        (reason, _) => reason,
    }
}

/// What the monitor did while `worker` made its operations. The monitor has ended afterwards.
///
/// # Errors
/// When none of its programs ran and one had to, when it is no longer at work, or when the kernel does not
/// tell.
pub(super) fn findings(worker: Worker, attached: &mut dyn Attached) -> Result<Findings, NoNumber> {
    let Some(custom) = attached.evidence() else { return Ok(Findings::default()) };
    let mut notes = settled_notes(custom)?;
    let (programs, owes) = (custom.programs()?, custom.owes_runs());
    if !programs.is_empty() || owes {
        let runs = count_runs(&worker, &programs)?;
        let note = runs_note(&worker, &programs, &runs, owes);
        notes.push(note.map_err(|reason| with_caveats(reason, custom))?);
        custom.ran(runs.counts.iter().sum());
    }
    let caveats = custom.caveats()?;
    worker.end()?;
    notes.extend(custom.end()?);
    Ok(Findings { notes, caveats })
}

/// Adds to the failure of a monitor that did nothing which part of it is missing.
fn with_caveats(reason: NoNumber, custom: &mut dyn Evidence) -> NoNumber {
    let caveats = custom.caveats().unwrap_or_default();
    match reason {
        NoNumber::Failed(mut failure) if !caveats.is_empty() => {
            let why: Vec<&str> = caveats.iter().map(Caveat::reason).collect();
            failure.message += &format!("; {}", why.join("; "));
            NoNumber::Failed(failure)
        }
        reason => reason,
    }
}

/// How often each program ran.
struct Runs {
    counts: Vec<u64>,
    operations: u32,
}

/// A note about `runs`; that no program ran is a failure if the monitor owes runs.
fn runs_note(
    worker: &Worker,
    programs: &[LoadedProgram],
    runs: &Runs,
    owes: bool,
) -> Result<String, NoNumber> {
    let names = || programs.iter().map(|program| program.name.as_str());
    let Runs { counts, operations } = runs;
    if owes && counts.iter().all(|count| *count == 0) {
        let message = format!(
            "none of its programs ran while {operations} operations of {} were made ({}): the operations do \
             nothing that it watches",
            worker.workload(),
            names().collect::<Vec<_>>().join(", "),
        );
        return Err(NoNumber::failure(FailureKind::EventsMismatch, message));
    }
    let each = each_count(names().zip(counts.iter().copied()));
    Ok(format!("runs of its BPF programs in {operations} operations more, untimed: {}", each.join(", ")))
}

/// `name count` for each program; of many programs, those that ran and how many did not.
fn each_count<'a>(programs: impl Iterator<Item = (&'a str, u64)>) -> Vec<String> {
    const MANY: usize = 8;
    let all: Vec<(&str, u64)> = programs.collect();
    let shown = |(_, count): &&(&str, u64)| all.len() <= MANY || *count > 0;
    let mut each: Vec<String> =
        all.iter().filter(shown).map(|(name, count)| format!("{name} {count}")).collect();
    let silent = all.len() - each.len();
    if silent > 0 {
        each.push(format!("and {silent} that did not run"));
    }
    each
}

/// How often each program ran in some operations: in one more than those, without what it ran in one. That the
/// worker continues and stops runs programs, too. A monitor that watches its own reader makes the counts uneven;
/// more operations then show whether they run anything.
fn count_runs(worker: &Worker, programs: &[LoadedProgram]) -> Result<Runs, NoNumber> {
    let counting = RunCounting::start()?;
    let runs_in = |operations| -> Result<Vec<u64>, NoNumber> {
        let before = counting.runs(programs)?;
        worker.more(operations)?;
        let after = counting.runs(programs)?;
        Ok(after.iter().zip(before).map(|(after, before)| after.saturating_sub(before)).collect())
    };
    let mut runs = Runs { counts: Vec::new(), operations: 0 };
    for operations in [AGAIN, 10 * AGAIN] {
        let (one, more) = (runs_in(1)?, runs_in(operations + 1)?);
        let counts: Vec<u64> = more.iter().zip(&one).map(|(more, one)| more.saturating_sub(*one)).collect();
        let shown = counts.iter().any(|count| *count > 0);
        let silent = one.iter().chain(&more).all(|count| *count == 0);
        runs = Runs { counts, operations };
        if shown || silent {
            break;
        }
    }
    Ok(runs)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_programs_those_that_ran_are_shown() {
        let counts = |number: u64| (0..number).map(|index| ("p", u64::from(index == 1)));
        assert_eq!(each_count(counts(3)), ["p 0", "p 1", "p 0"]);
        assert_eq!(each_count(counts(20)), ["p 1", "and 19 that did not run"]);
    }
}
