//! Turns the end of a guest into the outcome of its cell: measured, unsupported, or a
//! failure with its kind, message and console lines.

use std::io;

use hookbench_model::protocol::{AgentMessage, CellSpec};
use hookbench_model::{Failure, FailureKind, Measured, Outcome};
use hookbench_probes::Monitor;
use hookbench_vm::guest::{self, Error};

use crate::verify::check::{TargetRules, check};

/// The outcome in `answer`. An answer that cannot be true for `spec`, or that comes from
/// a guest without `cpus` CPUs online, is a protocol failure.
pub(crate) fn accept_answer(
    spec: &CellSpec,
    monitor: Monitor,
    rules: TargetRules,
    cpus: u16,
    answer: guest::Answer,
) -> Outcome {
    let online = match &answer.ready {
        Some(AgentMessage::Ready { cpus, .. }) => *cpus,
        _ => 0,
    };
    let mistake = match &answer.last {
        AgentMessage::Measured(_) if online != cpus => {
            Some(format!("{online} CPUs are online instead of {cpus}"))
        }
        AgentMessage::Measured(measured) => check(spec, monitor, rules, measured).err(),
        _ => None,
    };
    match mistake {
        Some(mistake) => Outcome::Failed(Failure {
            kind: FailureKind::Protocol,
            message: format!("the guest sent an impossible result: {mistake}"),
            console: answer.console,
        }),
        None if cpus > 1 => without_attach_cost(outcome(answer)),
        None => outcome(answer),
    }
}

/// Removes the cost of attaching in a guest with several CPUs. Attaching takes long enough
/// for QEMU to switch CPUs, and not at the same instruction each time.
fn without_attach_cost(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Measured(measured) => {
            Outcome::Measured(Measured { attach_cost: None, loading: None, ..measured })
        }
        other => other,
    }
}

fn outcome(answer: guest::Answer) -> Outcome {
    match answer.last {
        // A guest knows nothing of attribution.
        AgentMessage::Measured(measured) => Outcome::Measured(Measured { attribution: None, ..measured }),
        AgentMessage::Unsupported(why) => Outcome::Unsupported(why),
        AgentMessage::Failed(failure) => match missing_helper(&failure.message) {
            Some(why) => Outcome::Unsupported(why),
            None => Outcome::Failed(Failure { console: answer.console, ..failure }),
        },
        AgentMessage::Ready { .. }
        | AgentMessage::Stopped { .. }
        | AgentMessage::Symbols(_)
        | AgentMessage::Answered(_) => Outcome::Failed(Failure {
            kind: FailureKind::GuestEnded,
            message: "the guest ended before its cell".into(),
            console: answer.console,
        }),
    }
}

/// The verifier's message, if it refused a program because this kernel lacks a helper or
/// does not offer it to such programs. hookbench finds this out by trying, because it
/// does not know the configuration of every kernel.
fn missing_helper(message: &str) -> Option<String> {
    let marks = ["cannot use helper bpf_", "unknown func bpf_", "invalid func unknown#"];
    let line = message.split(';').find(|line| marks.iter().any(|mark| line.contains(mark)))?;
    Some(format!("the kernel's verifier refuses the program: {}", line.trim()))
}

/// The failure of making a snapshot; the guest's failure if that was the cause.
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

/// The failure of a cell whose guest ended with `error`.
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

/// The failure of a cell whose agent answered before its cell began.
fn agent_failure(answer: guest::Answer) -> Failure {
    match outcome(answer) {
        Outcome::Failed(failure) => failure,
        other => Failure {
            kind: FailureKind::Agent,
            message: format!("the agent answered before it got a cell: {}", other.word()),
            console: Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::{Measured, Schedule};

    #[test]
    fn a_missing_helper_is_reported_with_the_message_of_the_verifier() {
        let message = "failed to attach kprobe+override: [libbpf: -- BEGIN PROG LOAD LOG --; 9: (85) call \
                    bpf_override_return#58; program of this type cannot use helper bpf_override_return#58; \
                    processed 14 insns]";
        let why = "the kernel's verifier refuses the program: program of this type cannot use helper \
                   bpf_override_return#58";
        assert_eq!(missing_helper(message).as_deref(), Some(why));
        assert!(missing_helper("18: (85) call unknown#158; invalid func unknown#158; processed").is_some());
        assert_eq!(missing_helper("R1 type=inv expected=ctx; processed 3 insns"), None);
    }

    #[test]
    fn numbers_from_a_guest_with_too_few_cpus_are_refused() {
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
            lsm: String::new(),
            cpus: 3,
        };
        let last = AgentMessage::Measured(Measured::default());
        let answer = guest::Answer { ready: Some(ready), symbols: None, last, console: Vec::new() };
        let outcome = accept_answer(&spec, hookbench_probes::none(), TargetRules::TCG, 4, answer);
        let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
        assert!(failure.message.contains("3 CPUs are online instead of 4"), "{}", failure.message);
    }
}
