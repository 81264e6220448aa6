//! One cell: attach the monitor (`attachment.rs`), run the worker, ask what the monitor saw, judge, answer. The judging
//! is in `verdict.rs`.

use anyhow::{Context, Result, anyhow};
use hookbench_model::param::is_placebo;
use hookbench_model::protocol::{AgentMessage, CellSpec, Fault};
use hookbench_model::{Behaviour, Measured};
use hookbench_probes::Monitor;
use hookbench_probes::attach::{Attached, Blind};
use hookbench_workloads::Workload;

use crate::boot::symbols;
use crate::no_number::NoNumber;
use attachment::Attachment;
use foreign::Foreign;
use meter::Cost;
use placebo::Placebo;
use prepared::Prepared;
use sampling_rate::SamplingRate;
use verdict::Done;
use work::Work;

pub(crate) mod attachment;
pub(crate) mod budget;
mod custom;
mod foreign;
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

/// Runs the cell that `spec` asks for, with the monitor that is attached.
///
/// # Errors
/// The reason why the cell has no number.
pub(crate) fn run(
    spec: &CellSpec,
    mut prepared: Prepared,
    attachment: Attachment,
) -> Result<Measured, NoNumber> {
    let found = hookbench_workloads::for_cell(spec)
        .ok_or_else(|| anyhow!("the agent has no workload {:?}", spec.workload))?;
    let workload = &*found;
    let behaviour = Behaviour::find(workload.info().behaviour)
        .ok_or_else(|| anyhow!("unknown behaviour {}", workload.info().behaviour))?;
    let Attachment { monitor, mut attached, cost, .. } = attachment.of(spec, behaviour)?;
    let subject = Subject { spec, workload, monitor, behaviour };
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
    let foreign = Foreign::rehearse(subject, work, prepared, attached)?;
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
        foreign,
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
