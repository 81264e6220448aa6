//! Shared by the tests of single cells: a session, a planned cell, and its outcome.

use std::time::Duration;

use hookbench::run::runner::spec;
use hookbench::session::Session;
use hookbench::session::guests::{ExactOptions, ExactSession, Needs, Provisions};
use hookbench_model::protocol::Fault;
use hookbench_model::{Measured, Outcome, Schedule};
use hookbench_plan::{Plan, Planned, Products};

/// A time limit that no cell reaches.
pub(crate) const LONG: Duration = Duration::from_secs(120);

/// A session whose guests get what `needs` names.
pub(crate) fn session_with(needs: Needs, budget: Duration) -> ExactSession {
    open(needs, ExactOptions { budget, ..ExactOptions::default() })
}

/// A session of this kernel with these options.
pub(crate) fn session_of(kernel: &str, options: ExactOptions) -> ExactSession {
    open(Needs::kernel(kernel), options)
}

fn open(needs: Needs, options: ExactOptions) -> ExactSession {
    Provisions::fetch(needs, &|message| eprintln!("{message}"))
        .and_then(|provisions| ExactSession::open(provisions, options))
        .unwrap_or_else(|error| panic!("no session: {error:#}"))
}

pub(crate) fn session(kernel: &str, budget: Duration) -> ExactSession {
    session_with(Needs::kernel(kernel), budget)
}

pub(crate) fn default_session() -> ExactSession {
    session("6.1", LONG)
}

/// The cell of this workload and monitor, with few samples.
pub(crate) fn planned(
    kernel: &str,
    workload: &str,
    monitor: &str,
    params: &[(&str, &str)],
    schedule: Schedule,
) -> Planned {
    let products = Products {
        workloads: vec![workload.into()],
        monitors: vec![monitor.into()],
        schedules: vec![schedule],
        params: params.iter().map(|(name, value)| (name.to_string(), vec![value.to_string()])).collect(),
        samples: Some(10),
        ..Products::default()
    };
    let plan = Plan {
        name: "test".into(),
        about: String::new(),
        kernels: vec![],
        ready: None,
        bring: vec![],
        expect_exit: None,
        cells: vec![products],
    };
    let cells = plan.cells(&[kernel.to_string()]).unwrap();
    cells.into_iter().find(|planned| planned.cell.monitor.to_string() == monitor).unwrap()
}

pub(crate) fn paced(workload: &str, monitor: &str, params: &[(&str, &str)]) -> Planned {
    planned("6.1", workload, monitor, params, Schedule::Paced)
}

pub(crate) fn run(session: &ExactSession, planned: &Planned, fault: Option<Fault>) -> Outcome {
    session.run(&planned.cell, &spec(planned, fault)).outcome
}

pub(crate) fn measured(session: &ExactSession, planned: &Planned) -> Measured {
    match run(session, planned, None) {
        Outcome::Measured(measured) => measured,
        other => panic!("{} {}: {other:?}", planned.cell, other.word()),
    }
}
