//! A cell of scenarios: the ways of one scenario under one policy on one kernel, and what came out.

use hookbench_model::{Cell, Failure, FailureKind, MonitorName, Params, Schedule, Target};
use hookbench_scenarios::exchange::{Answer, Tried};
use hookbench_scenarios::{PolicyName, Scenario};

/// A cell: `6.1/userns/bpf-lsm+deny`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScenarioCell<'a> {
    /// The kernel, by its name.
    pub kernel: &'a str,
    /// The scenario.
    pub scenario: &'static Scenario,
    /// The policy.
    pub policy: PolicyName,
}

/// How a guest ended that had to find something out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended<T> {
    /// It found this.
    Done(T),
    /// The kernel cannot have the policy, for this reason.
    Unsupported(String),
    /// It should have worked.
    Failed(Failure),
}

/// How a cell ended.
pub type Outcome = Ended<Tried>;

impl<T> Ended<Answer<T>> {
    /// The end with what the guest answered.
    pub(super) fn flatten(self) -> Ended<T> {
        match self {
            Ended::Done(Answer::Tried(found)) => Ended::Done(found),
            Ended::Done(Answer::Unsupported(why)) | Ended::Unsupported(why) => Ended::Unsupported(why),
            Ended::Failed(failure) => Ended::Failed(failure),
        }
    }
}

impl<T> Ended<T> {
    /// The end of a guest that did not answer as it has to.
    pub(super) fn protocol(message: String) -> Ended<T> {
        Ended::Failed(Failure { kind: FailureKind::Protocol, message, console: Vec::new() })
    }

    /// The end of a guest that `error` prevented from running.
    pub(super) fn prevented(error: &anyhow::Error) -> Ended<T> {
        let message = format!("{error:#}");
        Ended::Failed(Failure { kind: FailureKind::Qemu, message, console: Vec::new() })
    }
}

impl std::fmt::Display for ScenarioCell<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ScenarioCell { kernel, scenario, policy } = self;
        write!(f, "{kernel}/{}/{policy}", scenario.name)
    }
}

impl ScenarioCell<'_> {
    /// The names of the ways of its scenario that `selected` has; all if that is empty.
    pub fn ways(self, selected: &[String]) -> impl Iterator<Item = &'static str> {
        let names = self.scenario.ways.iter().map(|way| way.name);
        names.filter(move |name| selected.is_empty() || selected.iter().any(|selected| selected == name))
    }

    /// A cell of hookbench's measurements whose guest has the kernel, the machine and the boot line of this one's.
    pub(crate) fn boots_as(self) -> anyhow::Result<Cell> {
        cell_for(self.kernel, self.policy.policy.boots_as)
    }
}

/// A cell of hookbench's measurements whose guest has `kernel`, and the machine and the boot line of `monitor`.
///
/// # Errors
/// When there is no such monitor.
pub(super) fn cell_for(kernel: &str, monitor: &str) -> anyhow::Result<Cell> {
    let monitor: MonitorName = monitor.parse()?;
    let workload = "null-syscall".to_owned();
    Ok(Cell {
        kernel: kernel.into(),
        target: Target::Tcg,
        boot: Default::default(),
        workload,
        params: Params::default(),
        schedule: Schedule::Paced,
        monitor,
        tuning: Params::default(),
    })
}
