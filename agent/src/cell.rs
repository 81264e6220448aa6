//! One cell: attach, run, ask what was seen, judge, answer.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use hookbench_model::measurement::{Happened, Refused};
use hookbench_model::protocol::{AgentMessage, CellSpec, Fault};
use hookbench_model::{
    BEHAVIOURS, Behaviour, Events, Failure, FailureKind, KernelVersion, Measured, MonitorName, Refusal,
    Schedule,
};
use hookbench_probes::attach::{Attached, Error, Readers, Request};
use hookbench_probes::modules::MODULE;
use hookbench_probes::{Monitor, Watches};
use hookbench_workloads::{Denial, Workload, calibrate};

use crate::meter::{Cost, Meter};
use crate::own;
use crate::prepared::Prepared;
use crate::pulse::Pulse;
use crate::shared::Sample;
use crate::worker::{self, Work};
use crate::{host, late};

/// After attaching, and between two looks at what a reader has counted.
const SETTLE: Duration = Duration::from_millis(20);
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// So many looks without news: nothing more comes.
const PATIENCE: u32 = 25;

/// Runs the cell that `spec` asks for.
pub(crate) fn run(spec: &CellSpec, mut prepared: Prepared) -> Result<AgentMessage> {
    let found = hookbench_workloads::of(spec)
        .ok_or_else(|| anyhow!("the agent has no workload {:?}", spec.workload))?;
    let workload = &*found;
    let monitor = hookbench_probes::find(&spec.monitor)
        .ok_or_else(|| anyhow!("the agent has no monitor {}", spec.monitor))?;
    let behaviour = Behaviour::find(workload.info().behaviour)
        .ok_or_else(|| anyhow!("unknown behaviour {}", workload.info().behaviour))?;
    let mut behaviours = behaviours_of(monitor, prepared.kernel);
    if monitor.sink.stops() {
        // A policy is for what is measured: the one for mprotect would refuse
        // the dynamic loader of a whole command.
        behaviours.retain(|row| row.name == behaviour.name);
    }
    if monitor.sink.sees() && !behaviours.contains(&behaviour) {
        let hook = format!(
            "this kernel has no {} for {} (since {})",
            behaviour.function, behaviour.name, behaviour.since
        );
        return Ok(AgentMessage::Unsupported(hook));
    }
    if let Some(why) = prepared.of_others.then(|| host::refused(monitor)).flatten() {
        return Ok(AgentMessage::Unsupported(why));
    }
    let module = match monitor.sink.requires.module {
        Some(_) => fs::read(format!("/{MODULE}")).context("failed to read the kernel module")?,
        None => Vec::new(),
    };
    // Where nothing is attached, there is nothing to be metered or waited for.
    let watched = spec.monitor != MonitorName::none();
    let meter = if watched { Some(Meter::start(prepared.rate)?) } else { None };
    let request = Request {
        sink: spec.monitor.custom().map_or(monitor.sink.name, |(_, name)| name),
        behaviours: &behaviours,
        measured: behaviour,
        noop: hookbench_workloads::noop(),
        readers: if spec.schedule == Schedule::Delivered { Readers::Above } else { Readers::Below },
        tuning: &spec.tuning,
        ld_preload: (spec.params.get("ld_preload") == Some("recorded"))
            .then_some(hookbench_workloads::LD_PRELOAD),
        module: &module,
    };
    let mut attached = match monitor.mechanism.attach(&request) {
        Ok(attached) => attached,
        Err(Error::Unsupported(why)) => return Ok(AgentMessage::Unsupported(why)),
        Err(Error::Failed(error)) => return Err(error.context(format!("failed to attach {}", spec.monitor))),
    };
    let cost = meter.map(|meter| meter.cost(SETTLE)).transpose()?;
    if spec.fault == Some(Fault::Deaf) {
        attached.detach().context("failed to detach on request")?;
    }
    measure(spec, workload, monitor, behaviour, &mut prepared, &mut *attached, cost)
}

/// Has the operations made, asks the monitor what it saw of them, and judges.
fn measure(
    spec: &CellSpec,
    workload: &dyn Workload,
    monitor: Monitor,
    behaviour: &'static Behaviour,
    prepared: &mut Prepared,
    attached: &mut dyn Attached,
    cost: Option<Cost>,
) -> Result<AgentMessage> {
    let denial = workload.denial(&spec.params, monitor.sink.enforcement);
    let warmup = spec.warmup.max(denial.map_or(0, |denial| denial.after_operations));
    let work = Work { spec, workload, enforcement: monitor.sink.enforcement, warmup };
    let pulse = Pulse::start(attached)?;
    let samples = worker::run(work, prepared, attached)?;
    let looks = match pulse.map(|pulse| pulse.end(attached)).transpose()?.transpose() {
        Ok(looks) => looks,
        Err(why) => return Ok(why),
    };
    // Before others are made, to find out what came too late.
    let others = prepared.beside.as_mut().map(|beside| beside.samples(samples.len())).transpose()?;
    let others = others.unwrap_or_default();
    let operations = warmup + spec.samples;
    let alone = !prepared.of_others;
    let done = Done { spec, workload, denial, samples: &samples, operations, looks, alone };
    let events = if monitor.sink.sees() { Some(done.events(attached, behaviour)?) } else { None };
    if let Some(failure) = done.wrong_outcome().or_else(|| done.wrong_events(events.as_ref())) {
        return Ok(AgentMessage::Failed(failure));
    }
    let happened = match denial {
        Some(denial) if monitor.sink.kills_all() => {
            Some(late::happened(work, denial, behaviour, prepared, attached)?)
        }
        _ => None,
    };
    let notes = match own::evidence(work, prepared, attached)? {
        Ok(notes) => notes,
        Err(failure) => return Ok(AgentMessage::Failed(failure)),
    };
    let mut measured = done.measured(events, happened, cost, notes);
    measured.others = others;
    if let Some(beside) = &mut prepared.beside {
        measured.notes.append(&mut beside.notes);
    }
    Ok(AgentMessage::Measured(measured))
}

/// The behaviours that a kernel has where the monitor looks for them.
fn behaviours_of(monitor: Monitor, kernel: KernelVersion) -> Vec<&'static Behaviour> {
    let hooks = matches!(monitor.sink.watches, Watches::LsmHook | Watches::Function);
    BEHAVIOURS.iter().filter(|row| !hooks || row.since <= kernel).collect()
}

/// A worker that has ended, to be judged.
struct Done<'a> {
    spec: &'a CellSpec,
    workload: &'a dyn Workload,
    denial: Option<Denial>,
    samples: &'a [Sample],
    operations: u32,
    /// How often the monitor looked, if it samples.
    looks: Option<u64>,
    /// Whether nobody else makes events, as in a guest.
    alone: bool,
}

impl Done<'_> {
    /// What the monitor saw, once its readers have caught up.
    fn events(&self, attached: &mut dyn Attached, behaviour: &Behaviour) -> Result<Events> {
        let expected = self.workload.events(self.operations.into());
        let mut seen = attached.seen(behaviour)?;
        let mut looks = 0;
        while self.looks.is_none() && seen.seen + seen.lost < expected && looks < PATIENCE {
            std::thread::sleep(LOOK_AGAIN);
            let again = attached.seen(behaviour)?;
            looks = if again == seen { looks + 1 } else { 0 };
            seen = again;
        }
        // A monitor that cannot tell behaviours apart also counted the others
        // that the workload performs.
        let others = seen.of_all && self.workload.info().others;
        let (seen_of_it, lost) = match self.workload.at_least() {
            // More than what it owes is nothing to be counted on.
            true => (seen.seen.min(expected - seen.lost.min(expected)), seen.lost.min(expected)),
            false if others => (seen.seen.min(expected), seen.lost),
            false => (seen.seen, seen.lost),
        };
        Ok(Events { behaviour: behaviour.name.into(), expected, seen: seen_of_it, lost, looks: self.looks })
    }

    /// The cell's numbers, once everything was as it has to be.
    fn measured(
        &self,
        events: Option<Events>,
        happened: Option<Happened>,
        cost: Option<Cost>,
        own: Vec<String>,
    ) -> Measured {
        let idle = self.samples.iter().filter(|sample| sample.idle).count();
        let otherwise = self.denial.and_then(|denial| self.workload.timed_otherwise(denial));
        let idly = format!(
            "the CPU was idle in {idle} of {} operations: not only its own instructions",
            self.samples.len()
        );
        let others = events.as_ref().filter(|events| events.seen > events.expected).map(|events| {
            let more = events.seen - events.expected;
            format!("{more} of the events that were seen are of other processes of this machine")
        });
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
            notes: otherwise
                .map(String::from)
                .into_iter()
                .chain((idle > 0).then_some(idly))
                .chain(others)
                .chain(own)
                .collect(),
        }
    }

    /// Each operation has to be refused, or none.
    fn wrong_outcome(&self) -> Option<Failure> {
        let owed = self.denial.map(|denial| denial.refusal);
        let wrong: Vec<&Sample> = self.samples.iter().filter(|sample| sample.refused != owed).collect();
        let first = wrong.first()?;
        let word = |how: Option<Refusal>| how.map_or("success".into(), |refusal| refusal.to_string());
        let message = format!(
            "{} of {} operations ended otherwise than they had to: {} instead of {}",
            wrong.len(),
            self.samples.len(),
            word(first.refused),
            word(owed)
        );
        Some(Failure { kind: FailureKind::WrongOutcome, message, console: Vec::new() })
    }

    /// Every event has to be seen; in a burst, seen or known to be lost. Who samples
    /// may miss some, and cannot see more than there were.
    fn wrong_events(&self, events: Option<&Events>) -> Option<Failure> {
        let Events { behaviour, expected, seen, lost, looks } = events?;
        let accounted = if self.spec.schedule == Schedule::Burst { seen + lost } else { *seen };
        let more = !self.alone && accounted > *expected;
        if accounted == *expected || more || (looks.is_some() && accounted < *expected) {
            return None;
        }
        let message = format!(
            "{} saw {seen} and lost {lost} of {expected} {behaviour} events that {} made",
            self.spec.monitor, self.spec.workload
        );
        Some(Failure { kind: FailureKind::EventsMismatch, message, console: Vec::new() })
    }
}
