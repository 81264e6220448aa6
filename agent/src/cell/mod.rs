//! One cell: attach the monitor, run the worker, ask what the monitor saw, judge, answer. The judging is in
//! `verdict.rs`.

use std::fs;

use anyhow::{Context, Result, anyhow};
use hookbench_model::param::{is_placebo, login_uid};
use hookbench_model::protocol::{AgentMessage, CellSpec, Fault};
use hookbench_model::{BEHAVIOURS, Behaviour, KernelVersion, Measured, Schedule};
use hookbench_probes::attach::{AttachRequest, Attached, Blind, Error, ReaderPriority};
use hookbench_probes::modules::MODULE;
use hookbench_probes::{Monitor, Watches};
use hookbench_workloads::Workload;

use crate::boot::symbols;
use crate::no_number::NoNumber;
use meter::{Cost, Meter};
use placebo::Placebo;
use prepared::Prepared;
use sampling_rate::SamplingRate;
use verdict::Done;
use work::Work;

pub(crate) mod budget;
mod custom;
mod kill_race;
mod login;
mod meter;
mod operate;
mod patience;
mod placebo;
pub(crate) mod prepared;
mod sampling_rate;
mod verdict;
mod work;
mod worker;

/// What a cell is about, found by the names in its specification.
#[derive(Clone, Copy)]
struct Subject<'a> {
    spec: &'a CellSpec,
    workload: &'a dyn Workload,
    monitor: Monitor,
    /// The behaviour that the workload performs.
    behaviour: &'static Behaviour,
}

/// Runs the cell that `spec` asks for.
///
/// # Errors
/// The reason why the cell has no number.
pub(crate) fn run(spec: &CellSpec, mut prepared: Prepared) -> Result<Measured, NoNumber> {
    let found = hookbench_workloads::for_cell(spec)
        .ok_or_else(|| anyhow!("the agent has no workload {:?}", spec.workload))?;
    let workload = &*found;
    let monitor = hookbench_probes::find(&spec.monitor)
        .ok_or_else(|| anyhow!("the agent has no monitor {}", spec.monitor))?;
    let behaviour = Behaviour::find(workload.info().behaviour)
        .ok_or_else(|| anyhow!("unknown behaviour {}", workload.info().behaviour))?;
    let subject = Subject { spec, workload, monitor, behaviour };
    let watched = watched_behaviours(subject, prepared.kernel)?;
    if let Some(why) = prepared.stage.refusal(monitor) {
        return Err(NoNumber::Unsupported(why));
    }
    login::check(spec)?;
    let (mut attached, cost) = attach(subject, &watched, &prepared)?;
    if spec.fault == Some(Fault::Deaf) {
        attached.detach().context("failed to detach on request")?;
    }
    if !is_placebo(&spec.tuning) {
        return measure(subject, &mut prepared, &mut *attached, cost);
    }
    let placebo = Placebo::of(subject, &mut *attached, prepared.stage.is_shared())?;
    let measured = measure(subject, &mut prepared, &mut Blind, cost)?;
    placebo.check(&mut *attached)?;
    Ok(measured)
}

/// The behaviours that the monitor has to watch.
///
/// # Errors
/// When the kernel lacks the one that is measured.
fn watched_behaviours(subject: Subject, kernel: KernelVersion) -> Result<Vec<&'static Behaviour>, NoNumber> {
    let Subject { monitor, behaviour, .. } = subject;
    let by_hook = matches!(monitor.sink.watches, Watches::LsmHook | Watches::Function);
    let mut watched: Vec<_> = BEHAVIOURS.iter().filter(|row| !by_hook || row.since <= kernel).collect();
    if monitor.sink.stops() {
        // A policy is for the measured behaviour alone: the one for mprotect would refuse the dynamic loader
        // of a whole command.
        watched.retain(|row| row.name == behaviour.name);
    }
    if monitor.sink.sees() && !watched.contains(&behaviour) {
        return Err(NoNumber::Unsupported(format!(
            "this kernel has no {} for {} (since {})",
            behaviour.function, behaviour.name, behaviour.since
        )));
    }
    Ok(watched)
}

/// Attaches the monitor. Returns what that cost; nothing for `none`.
fn attach(
    subject: Subject,
    watched: &[&'static Behaviour],
    prepared: &Prepared,
) -> Result<(Box<dyn Attached>, Option<Cost>), NoNumber> {
    let Subject { spec, monitor, behaviour, .. } = subject;
    let module = match monitor.sink.requires.module {
        Some(_) => fs::read(format!("/{MODULE}")).context("failed to read the kernel module")?,
        None => Vec::new(),
    };
    // If nothing is attached, there is nothing to meter or to wait for.
    let meter = if spec.monitor.is_none() { None } else { Some(Meter::start(prepared.rate)?) };
    let request = AttachRequest {
        sink: spec.monitor.custom().map_or(monitor.sink.name, |(_, name)| name),
        behaviours: watched,
        measured: behaviour,
        noop: hookbench_workloads::noop_path(),
        readers: if spec.schedule == Schedule::Delivered {
            ReaderPriority::Above
        } else {
            ReaderPriority::Below
        },
        tuning: &spec.tuning,
        ld_preload: (spec.params.get("ld_preload") == Some("recorded"))
            .then_some(hookbench_workloads::LD_PRELOAD),
        module: &module,
        login_uid: login_uid(&spec.params),
    };
    let mut attached = monitor.mechanism.attach(&request).map_err(|error| match error {
        Error::Unsupported(why) => NoNumber::Unsupported(why),
        Error::Failed(error) => error.context(format!("failed to attach {}", spec.monitor)).into(),
    })?;
    let cost = meter.map(|meter| meter.cost(patience::SETTLE)).transpose()?;
    let cost = cost.filter(|_| attached.evidence().is_none_or(|custom| custom.has_attach_cost()));
    Ok((attached, cost))
}

/// Has the operations made, asks the monitor what it saw of them, and judges.
fn measure(
    subject: Subject,
    prepared: &mut Prepared,
    attached: &mut dyn Attached,
    cost: Option<Cost>,
) -> Result<Measured, NoNumber> {
    let Subject { spec, workload, monitor, behaviour } = subject;
    let enforcement = monitor.enforcement(&spec.tuning);
    let denial = workload.denial(&spec.params, enforcement);
    let warmup = workload.warmup(&spec.params, enforcement, spec.warmup);
    let work = Work { spec, workload, enforcement, warmup, trial: false };
    if let Some(custom) = attached.evidence() {
        custom::wait_until_at_work(work, prepared, custom)?;
    }
    let rate = SamplingRate::start(attached)?;
    let worker = match attached.evidence() {
        Some(_) => worker::run_to_continue(work, prepared, attached),
        None => worker::run(work, prepared, attached),
    };
    let worker = worker.map_err(|reason| custom::blame(reason, attached))?;
    let finished = worker.finished()?;
    if prepared.sends_symbols {
        // Now, because the monitor's functions are gone when it is detached.
        prepared.stage.channel().send(&AgentMessage::Symbols(symbols::dynamic()?));
    }
    let looks = rate.map(|rate| rate.end(attached)).transpose()?;
    // Before more operations are made, to find out what came too late.
    let others =
        prepared.secondary.as_mut().map(|clocks| clocks.samples(finished.samples.len())).transpose()?;
    let done = Done {
        spec,
        workload,
        denial,
        samples: &finished.samples,
        expected: workload.expected(&spec.params, enforcement, work.operations()),
        looks,
        shared: prepared.stage.is_shared(),
    };
    let events = if monitor.sees(&spec.tuning) { Some(done.events(attached, behaviour)?) } else { None };
    done.check_outcomes()?;
    done.check_effect(finished.effect)?;
    done.check_events(events.as_ref())?;
    let happened = match denial {
        Some(denial) if monitor.sink.kills_all() => {
            Some(kill_race::count(work, denial, behaviour, prepared, attached)?)
        }
        _ => None,
    };
    let findings = custom::findings(worker, attached)?;
    let mut measured = done.measured(events, happened, cost, findings);
    measured.others = others.unwrap_or_default();
    if let Some(secondary) = &mut prepared.secondary {
        measured.notes.append(&mut secondary.notes);
    }
    Ok(measured)
}
