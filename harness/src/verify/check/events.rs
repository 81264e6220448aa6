//! Checks the events that an answer says the monitor saw, lost and should have seen.

use hookbench_model::protocol::CellSpec;
use hookbench_model::{Accounting, Events};
use hookbench_probes::Monitor;
use hookbench_workloads::Workload;

use super::refusals::{expected_events, operations_before_denial};

/// Checks that the answer's counts are those of the cell, and that the monitor accounts for
/// all events. On a machine that is `shared`, other processes cause events too.
pub(super) fn check(
    spec: &CellSpec,
    monitor: Monitor,
    workload: &dyn Workload,
    found: &Events,
    shared: bool,
) -> Result<(), String> {
    let behaviour = workload.info().behaviour;
    if found.behaviour != behaviour {
        let other: String = found.behaviour.chars().take(20).collect();
        return Err(format!("events of {other:?} instead of {behaviour}"));
    }
    let warmup = spec.warmup.max(operations_before_denial(spec, monitor, workload).unwrap_or(0));
    let made = expected_events(spec, monitor, workload, warmup);
    let Events { expected, seen, lost, looks, .. } = *found;
    match (looks, monitor.sink.samples) {
        (None, true) => return Err(format!("no number of samples that {} took", spec.monitor)),
        (Some(0), true) => return Err(format!("numbers, although {} never took a sample", spec.monitor)),
        (Some(_), false) => return Err(format!("samples of {}, which does not sample", spec.monitor)),
        _ => {}
    }
    if expected != made {
        return Err(format!("{expected} expected {behaviour} events instead of {made}"));
    }
    let accounting = Accounting { schedule: spec.schedule, samples: monitor.sink.samples, shared };
    if accounting.accepts(made, seen, lost) {
        return Ok(());
    }
    Err(format!("numbers, although {seen} events were seen and {lost} lost instead of {made}"))
}
