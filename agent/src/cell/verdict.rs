//! The verdict on a worker that has ended: did each operation end as it had to, do all of them have their effect,
//! and did the monitor see their events? The rule for the events is [`Accounting`], which hookbench applies again to the answer.

use anyhow::Result;
use hookbench_model::measurement::{Happened, Refused};
use hookbench_model::protocol::CellSpec;
use hookbench_model::{Accounting, Behaviour, CustomMonitorKind, Events, FailureKind, Measured, Refusal};
use hookbench_probes::attach::{Attached, EventCounts};
use hookbench_workloads::{Denial, Effect, Expected, Workload, calibrate};

use super::custom::Findings;
use super::foreign::Foreign;
use super::meter::Cost;
use super::patience::{BETWEEN_LOOKS, LOOKS};
use crate::no_number::NoNumber;
use crate::shared_memory::Sample;

/// A worker that has ended.
pub(super) struct Done<'a> {
    /// The cell.
    pub(super) spec: &'a CellSpec,
    /// Its workload.
    pub(super) workload: &'a dyn Workload,
    /// How the monitor has to stop the timed operations, if it does.
    pub(super) denial: Option<Denial>,
    /// The timed operations.
    pub(super) samples: &'a [Sample],
    /// What all operations have to do, the untimed ones included.
    pub(super) expected: Expected,
    /// How often the monitor looked, if it samples.
    pub(super) looks: Option<u64>,
    /// The events besides those of the operations, if there are any.
    pub(super) foreign: Option<Foreign>,
    /// Whether other processes may make events.
    pub(super) shared: bool,
}

impl Done<'_> {
    /// What the monitor saw, once its readers have caught up.
    ///
    /// # Errors
    /// When the monitor does not tell.
    pub(super) fn events(&self, attached: &mut dyn Attached, behaviour: &Behaviour) -> Result<Events> {
        let expected = self.expected.events;
        let seen = match &self.foreign {
            Some(foreign) => foreign.seen_besides(attached)?,
            None => self.all_seen(attached)?,
        };
        let (seen, lost) = match self.expected.at_least {
            // The workload may make more events than it owes; those prove nothing.
            true => (seen.seen.min(expected - seen.lost.min(expected)), seen.lost.min(expected)),
            false => (seen.seen, seen.lost),
        };
        Ok(Events { behaviour: behaviour.name.into(), expected, seen, lost, looks: self.looks })
    }

    /// What the monitor saw, once it is as much as there has to be or stays as it is.
    fn all_seen(&self, attached: &mut dyn Attached) -> Result<EventCounts> {
        let mut seen = attached.seen()?;
        let mut looks = 0;
        while self.looks.is_none() && seen.seen + seen.lost < self.expected.events && looks < LOOKS {
            std::thread::sleep(BETWEEN_LOOKS);
            let again = attached.seen()?;
            looks = if again == seen { looks + 1 } else { 0 };
            seen = again;
        }
        Ok(seen)
    }

    /// Fails unless each operation was refused as it had to be; without a denial, unless none was.
    pub(super) fn check_outcomes(&self) -> Result<(), NoNumber> {
        let owed = self.denial.map(|denial| denial.refusal);
        let wrong: Vec<&Sample> = self.samples.iter().filter(|sample| sample.refused != owed).collect();
        let Some(first) = wrong.first() else { return Ok(()) };
        let word = |how: Option<Refusal>| how.map_or("success".into(), |refusal| refusal.to_string());
        let message = format!(
            "{} of {} operations ended otherwise than they had to: {} instead of {}",
            wrong.len(),
            self.samples.len(),
            word(first.refused),
            word(owed)
        ) + &self.expect_hint(first.refused);
        Err(NoNumber::failure(FailureKind::WrongOutcome, message))
    }

    /// How to measure a custom object that refuses operations.
    fn expect_hint(&self, refused: Option<Refusal>) -> String {
        match (self.spec.monitor.custom(), refused) {
            (Some((CustomMonitorKind::Bpf, _)), Some(refusal)) if self.denial.is_none() => {
                format!("; --expect {refusal} measures an object that refuses them")
            }
            _ => String::new(),
        }
    }

    /// Fails unless the operations left behind what they had to, as the kernel shows it: a workload that does
    /// nothing has no number.
    pub(super) fn check_effect(&self, found: Effect) -> Result<(), NoNumber> {
        let Some(expected) = self.expected.effect.filter(|expected| *expected != found) else {
            return Ok(());
        };
        let name = &self.spec.workload;
        let message = format!("the effect of {name} is wrong: expected {expected}, found {found}");
        Err(NoNumber::failure(FailureKind::WrongOutcome, message))
    }

    /// Fails unless the monitor accounts for the events that the workload made.
    pub(super) fn check_events(&self, events: Option<&Events>) -> Result<(), NoNumber> {
        let Some(Events { behaviour, expected, seen, lost, looks }) = events else { return Ok(()) };
        let accounting =
            Accounting { schedule: self.spec.schedule, samples: looks.is_some(), shared: self.shared };
        if accounting.accepts(*expected, *seen, *lost) {
            return Ok(());
        }
        let message = format!(
            "{} saw {seen} and lost {lost} of {expected} {behaviour} events that {} made",
            self.spec.monitor, self.spec.workload
        );
        Err(NoNumber::failure(FailureKind::EventsMismatch, message))
    }

    /// The cell's numbers, once everything was as it had to be.
    pub(super) fn measured(
        &self,
        events: Option<Events>,
        happened: Option<Happened>,
        cost: Option<Cost>,
        custom: Findings,
    ) -> Measured {
        let notes = self.notes(events.as_ref()).into_iter().chain(custom.notes).collect();
        Measured {
            rounds: Vec::new(),
            others: Vec::new(),
            samples: self.samples.iter().map(|sample| sample.elapsed).collect(),
            calibration: calibrate(),
            events,
            refused: self.denial.map(|denial| Refused {
                operations: self.samples.len() as u64,
                errno: denial.refusal.to_string(),
                happened,
            }),
            attach_cost: cost.map(|cost| cost.attach),
            loading: cost.and_then(|cost| cost.loading),
            memory_bytes: cost.map(|cost| cost.memory),
            notes,
            caveats: custom.caveats,
            lsm: String::new(),
            attribution: None,
        }
    }

    /// What a reader of the numbers has to know.
    fn notes(&self, events: Option<&Events>) -> Vec<String> {
        let otherwise = self.denial.and_then(|denial| self.workload.timed_otherwise(denial));
        let (idle, all) = (self.samples.iter().filter(|sample| sample.idle).count(), self.samples.len());
        let idle = (idle > 0).then(|| {
            format!("the CPU was idle in {idle} of {all} operations: not only its own instructions")
        });
        let foreign = events.and_then(|events| events.seen.checked_sub(events.expected)).filter(|&n| n > 0);
        let foreign = foreign.map(|more| {
            format!("{more} of the events that were seen are of other processes of this machine")
        });
        otherwise.map(String::from).into_iter().chain(idle).chain(foreign).collect()
    }
}
