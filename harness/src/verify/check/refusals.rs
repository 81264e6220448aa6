//! Checks the operations that an answer says were refused.

use hookbench_model::measurement::{Happened, Refused};
use hookbench_model::protocol::CellSpec;
use hookbench_probes::Monitor;
use hookbench_workloads::Workload;

/// Checks the number of refused operations: all that a denying monitor must refuse, and
/// no others.
pub(super) fn check(
    spec: &CellSpec,
    monitor: Monitor,
    workload: &dyn Workload,
    refused: Option<&Refused>,
) -> Result<(), String> {
    let owed =
        if operations_before_denial(spec, monitor, workload).is_some() { u64::from(spec.samples) } else { 0 };
    match refused.map_or(0, |refused| refused.operations) {
        found if found == owed => {}
        found => return Err(format!("{found} refused operations instead of {owed} of {}", spec.samples)),
    }
    let asked = owed > 0 && monitor.sink.kills_all();
    let of = asked.then(|| expected_events(spec, monitor, workload, 0));
    match refused.and_then(|refused| refused.happened) {
        None if !asked => Ok(()),
        Some(happened) if Some(happened.of) == of && happened.events <= happened.of => Ok(()),
        Some(Happened { events, of }) => {
            Err(format!("{events} of {of} events that happened before the kill"))
        }
        None => Err("no count of events that happened before the kill".into()),
    }
}

/// The number of events that the timed operations and `warmup` others must cause.
pub(super) fn expected_events(
    spec: &CellSpec,
    monitor: Monitor,
    workload: &dyn Workload,
    warmup: u32,
) -> u64 {
    let operations = u64::from(warmup) + u64::from(spec.samples);
    workload.expected(&spec.params, monitor.enforcement(&spec.tuning), operations).events
}

/// The number of operations after which a denying monitor must refuse; `None` if it need
/// not refuse any.
pub(super) fn operations_before_denial(
    spec: &CellSpec,
    monitor: Monitor,
    workload: &dyn Workload,
) -> Option<u32> {
    let denial = workload.denial(&spec.params, monitor.enforcement(&spec.tuning));
    denial.map(|denial| denial.after_operations)
}
