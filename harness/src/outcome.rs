//! What a guest's end means for its cell: a word, a message, the console's lines.

use std::io;

use hookbench_model::protocol::{AgentMessage, CellSpec};
use hookbench_model::{Failure, FailureKind, Measured, Outcome, Target};
use hookbench_probes::Monitor;
use hookbench_vm::guest::{self, Error};

use crate::check::check;

/// The outcome in an answer, if it can be one to what was asked of a guest with so
/// many CPUs.
pub(crate) fn believed(
    spec: &CellSpec,
    monitor: Monitor,
    target: Target,
    cpus: u16,
    answer: guest::Answer,
) -> Outcome {
    let online = match &answer.ready {
        Some(AgentMessage::Ready { cpus, .. }) => *cpus,
        _ => 0,
    };
    let lie = match &answer.last {
        AgentMessage::Measured(_) if online != cpus => Some(format!("{online} CPUs are online, not {cpus}")),
        AgentMessage::Measured(measured) => check(spec, monitor, target, measured).err(),
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
            Outcome::Measured(Measured { attach_cost: None, loading: None, ..measured })
        }
        other => other,
    }
}

fn outcome(answer: guest::Answer) -> Outcome {
    match answer.last {
        AgentMessage::Measured(measured) => Outcome::Measured(measured),
        AgentMessage::Unsupported(why) => Outcome::Unsupported(why),
        AgentMessage::Failed(failure) => match lacked(&failure.message) {
            Some(why) => Outcome::Unsupported(why),
            None => Outcome::Failed(Failure { console: answer.console, ..failure }),
        },
        AgentMessage::Ready { .. } | AgentMessage::Stopped { .. } => Outcome::Failed(Failure {
            kind: FailureKind::GuestEnded,
            message: "the guest ended before its cell did".into(),
            console: answer.console,
        }),
    }
}

/// What the kernel's verifier said where it refused a program for a helper that this
/// kernel does not have, or not for such programs: found by trying, for not every
/// kernel's configuration is known.
fn lacked(message: &str) -> Option<String> {
    let marks = ["cannot use helper bpf_", "unknown func bpf_", "invalid func unknown#"];
    let said = message.split(';').find(|said| marks.iter().any(|mark| said.contains(mark)))?;
    Some(format!("the kernel's verifier refuses the program: {}", said.trim()))
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
    use hookbench_model::{Measured, Schedule};

    #[test]
    fn a_helper_that_a_kernel_lacks_is_told_in_the_verifier_s_words() {
        let said = "failed to attach kprobe+override: [libbpf: -- BEGIN PROG LOAD LOG --; 9: (85) call \
                    bpf_override_return#58; program of this type cannot use helper bpf_override_return#58; \
                    processed 14 insns]";
        let why = "the kernel's verifier refuses the program: program of this type cannot use helper \
                   bpf_override_return#58";
        assert_eq!(lacked(said).as_deref(), Some(why));
        assert!(lacked("18: (85) call unknown#158; invalid func unknown#158; processed").is_some());
        assert_eq!(lacked("R1 type=inv expected=ctx; processed 3 insns"), None);
    }

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
            work: None,
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
        let outcome = believed(&spec, hookbench_probes::none(), Target::Tcg, 4, answer);
        let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
        assert!(failure.message.contains("3 CPUs are online, not 4"), "{}", failure.message);
    }
}
