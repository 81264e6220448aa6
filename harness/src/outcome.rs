//! What a guest's end means for its cell: a word, a message, the console's lines.

use std::io;

use hookbench_probes::Monitor;
use hookbench_results::protocol::{AgentMessage, CellSpec};
use hookbench_results::{Failure, FailureKind, Outcome};
use hookbench_vm::guest::{self, Error};

use crate::check::check;

/// The outcome in an answer, if it can be one to what was asked of a guest with so
/// many CPUs.
pub(crate) fn believed(spec: &CellSpec, monitor: Monitor, cpus: u16, answer: guest::Answer) -> Outcome {
    let online = match &answer.ready {
        Some(AgentMessage::Ready { cpus, .. }) => *cpus,
        _ => 0,
    };
    let lie = match &answer.last {
        AgentMessage::Measured(_) if online != cpus => Some(format!("{online} CPUs are online, not {cpus}")),
        AgentMessage::Measured(measured) => check(spec, monitor, measured).err(),
        _ => None,
    };
    match lie {
        Some(lie) => Outcome::Failed(Failure {
            kind: FailureKind::Protocol,
            message: format!("the guest sent what cannot be: {lie}"),
            console: answer.console,
        }),
        None => without_turns(outcome(answer), cpus),
    }
}

/// The outcome without what it cost to attach, where there are several CPUs: it takes
/// a while, in which QEMU gives the others their turns, not at the same instruction
/// each time.
fn without_turns(outcome: Outcome, cpus: u16) -> Outcome {
    match outcome {
        Outcome::Measured(measured) if cpus > 1 => {
            Outcome::Measured(hookbench_results::Measured { attach_cost: None, ..measured })
        }
        other => other,
    }
}

fn outcome(answer: guest::Answer) -> Outcome {
    match answer.last {
        AgentMessage::Measured(measured) => Outcome::Measured(measured),
        AgentMessage::Unsupported(why) => Outcome::Unsupported(why),
        AgentMessage::Failed(failure) => Outcome::Failed(Failure { console: answer.console, ..failure }),
        AgentMessage::Ready { .. } | AgentMessage::Stopped { .. } => Outcome::Failed(Failure {
            kind: FailureKind::GuestEnded,
            message: "the guest ended before its cell did".into(),
            console: answer.console,
        }),
    }
}

/// Why there is no snapshot: what happened to the guest, if it is that.
pub(crate) fn no_snapshot(error: anyhow::Error) -> Failure {
    match error.downcast::<Error>() {
        Ok(error) => failure(error),
        Err(error) => {
            let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
            let full = causes.any(|cause| cause.kind() == io::ErrorKind::StorageFull);
            let hint = if full { "; free some space, or set HOOKBENCH_CACHE to another folder" } else { "" };
            let message = format!("failed to make a snapshot of the guest: {error:#}{hint}");
            Failure { kind: FailureKind::Qemu, message, console: Vec::new() }
        }
    }
}

/// What an error of a guest's is to its cell.
pub(crate) fn failure(error: Error) -> Failure {
    let message = error.to_string();
    let (kind, console) = match error {
        Error::Agent { answer } => return agent_failure(*answer),
        Error::Stopped
        | Error::NoQemu { .. }
        | Error::Qemu { .. }
        | Error::File { .. }
        | Error::NoRoom { .. } => (FailureKind::Qemu, Vec::new()),
        Error::Timeout { console, .. } => (FailureKind::Timeout, console),
        Error::Panic { console, .. } => (FailureKind::GuestPanic, console),
        Error::Ended { console } => (FailureKind::GuestEnded, console),
        Error::Protocol { console, .. } => (FailureKind::Protocol, console),
    };
    Failure { kind, message, console }
}

/// What an agent that ended before its cell said of it.
fn agent_failure(answer: guest::Answer) -> Failure {
    match outcome(answer) {
        Outcome::Failed(failure) => failure,
        other => Failure {
            kind: FailureKind::Agent,
            message: format!("the agent answered before it was asked: {}", other.word()),
            console: Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_results::{Measured, Schedule};

    #[test]
    fn numbers_of_a_guest_with_fewer_cpus_are_none() {
        let spec = CellSpec {
            workload: "mprotect-storm".into(),
            params: Default::default(),
            monitor: "none".parse().unwrap(),
            tuning: Default::default(),
            schedule: Schedule::Paced,
            samples: 1,
            warmup: 0,
            budget: 1,
            fault: None,
        };
        let ready = AgentMessage::Ready {
            release: String::new(),
            version: String::new(),
            cmdline: String::new(),
            cpus: 3,
        };
        let last = AgentMessage::Measured(Measured::default());
        let answer = guest::Answer { ready: Some(ready), last, console: Vec::new() };
        let outcome = believed(&spec, hookbench_probes::none(), 4, answer);
        let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
        assert!(failure.message.contains("3 CPUs are online, not 4"), "{}", failure.message);
    }
}
