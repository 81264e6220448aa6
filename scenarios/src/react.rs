//! Reaction: how long from a signal until the next operation is refused. The signal is that an ordinary user's program
//! deletes the file that it runs from. Here is what is tried and what comes out; `guest/react` tries it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The word by which the program in the guest is told to time a chain.
pub const REACT: &str = "react";

/// A chain from the signal to the mitigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Chain {
    /// A BPF program sees the signal and writes a map, which the denying program reads.
    BpfMap,
    /// A BPF program sees the signal and kills the caller.
    BpfKill,
    /// A BPF program sends a record; a daemon reads it and writes the map that the denying program reads.
    BpfRingbuf,
    /// A BPF program at the entry of system calls sends a record; a daemon reads it and kills the caller.
    TracepointKill,
    /// fanotify tells a daemon, which kills the caller.
    FanotifyKill,
    /// A seccomp filter asks a supervisor about the signal, and about each operation after it.
    SeccompNotify,
    /// The audit daemon reads a record and writes the map that the denying BPF program reads.
    AuditBpf,
    /// The audit daemon reads a record and kills the caller.
    AuditKill,
    /// The audit daemon reads a record and sets `user.max_user_namespaces` to 0.
    AuditSysctl,
}

/// All chains, in the order of reports.
pub const CHAINS: [Chain; 9] = [
    Chain::BpfMap,
    Chain::BpfKill,
    Chain::BpfRingbuf,
    Chain::TracepointKill,
    Chain::FanotifyKill,
    Chain::SeccompNotify,
    Chain::AuditBpf,
    Chain::AuditKill,
    Chain::AuditSysctl,
];

impl Chain {
    /// The monitor of hookbench whose requirements and boot line the chain has.
    pub fn boots_as(self) -> &'static str {
        match self {
            Chain::BpfMap | Chain::BpfKill | Chain::BpfRingbuf => "bpf-lsm+ringbuf",
            Chain::TracepointKill => "raw-tracepoint+ringbuf",
            Chain::FanotifyKill => "fanotify+perm",
            Chain::SeccompNotify => "seccomp+notify",
            Chain::AuditBpf | Chain::AuditKill | Chain::AuditSysctl => "audit+reader",
        }
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Chain::BpfMap => "bpf-map",
            Chain::BpfKill => "bpf-kill",
            Chain::BpfRingbuf => "bpf-ringbuf",
            Chain::TracepointKill => "tracepoint-kill",
            Chain::FanotifyKill => "fanotify-kill",
            Chain::SeccompNotify => "seccomp-notify",
            Chain::AuditBpf => "audit-bpf",
            Chain::AuditKill => "audit-kill",
            Chain::AuditSysctl => "audit-sysctl",
        })
    }
}

/// Who tries the operation after the signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Caller {
    /// The process that gave the signal, again and again. It has run for long before.
    Busy,
    /// The same, which has slept just before the signal: the scheduler owes it time.
    Rested,
    /// The same as rested, sleeping for 50 microseconds after each try.
    Resting,
    /// Another process of the same user, which ran before. The one that gave the signal wakes it, and sleeps.
    Other,
}

/// All callers, in the order of reports.
pub const CALLERS: [Caller; 4] = [Caller::Busy, Caller::Rested, Caller::Resting, Caller::Other];

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Caller::Busy => "busy",
            Caller::Rested => "rested",
            Caller::Resting => "resting",
            Caller::Other => "other",
        })
    }
}

/// The chain that the guest has to time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReactOrder {
    /// The chain.
    pub chain: Chain,
}

/// How a chain reacted, several times.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reacted {
    /// The tries.
    pub tries: Vec<Reaction>,
}

/// How a chain reacted once. Instructions count from the start of the call that is the signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reaction {
    /// Who tried the operation.
    pub caller: Caller,
    /// Until that call had returned; `None` if the caller was killed in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub returned: Option<u64>,
    /// Until a daemon had read the record; `None` if there is no daemon, or it read none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<u64>,
    /// Until an operation had been refused, or a daemon had killed the caller; `None` if that did not happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<u64>,
    /// How many operations passed before.
    pub passed: u64,
}

/// What several tries of one caller come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// The median of [`Reaction::returned`]; `None` if the caller was killed in the call in one of them.
    pub returned: Option<u64>,
    /// The median of [`Reaction::read`]; `None` if a record was not read in one of them.
    pub read: Option<u64>,
    /// The median of [`Reaction::refused`]; `None` if nothing was refused in one of them.
    pub refused: Option<u64>,
    /// The median of [`Reaction::passed`].
    pub passed: u64,
    /// The largest of them.
    pub most_passed: u64,
}

impl Reacted {
    /// What the tries of `caller` come to; `None` if there are none.
    pub fn summary(&self, caller: Caller) -> Option<Summary> {
        let tries = || self.tries.iter().filter(move |reaction| reaction.caller == caller);
        let of = |value: fn(&Reaction) -> Option<u64>| median(tries().map(value).collect::<Option<_>>()?);
        Some(Summary {
            returned: of(|reaction| reaction.returned),
            read: of(|reaction| reaction.read),
            refused: of(|reaction| reaction.refused),
            passed: of(|reaction| Some(reaction.passed))?,
            most_passed: tries().map(|reaction| reaction.passed).max()?,
        })
    }
}

/// The middle one; of two in the middle the larger.
fn median(mut values: Vec<u64>) -> Option<u64> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaction(caller: Caller, refused: Option<u64>, passed: u64) -> Reaction {
        Reaction { caller, returned: Some(1), read: None, refused, passed }
    }

    #[test]
    fn a_summary_has_the_median_and_the_most_of_one_caller() {
        let tries = vec![
            reaction(Caller::Busy, Some(30), 3),
            reaction(Caller::Busy, Some(10), 1),
            reaction(Caller::Resting, Some(5), 9),
            reaction(Caller::Busy, Some(20), 2),
        ];
        let summary = Reacted { tries }.summary(Caller::Busy);
        let expected =
            Summary { returned: Some(1), read: None, refused: Some(20), passed: 2, most_passed: 3 };
        assert_eq!(summary, Some(expected));
    }

    #[test]
    fn a_try_that_was_never_refused_leaves_no_median() {
        let tries = vec![reaction(Caller::Other, Some(1), 1), reaction(Caller::Other, None, 7)];
        let reacted = Reacted { tries };
        assert_eq!(reacted.summary(Caller::Other).map(|summary| summary.refused), Some(None));
        assert_eq!(reacted.summary(Caller::Busy), None);
    }

    #[test]
    fn a_chain_is_stored_under_the_name_that_is_shown() {
        for chain in CHAINS {
            assert_eq!(serde_json::to_value(chain).unwrap(), chain.to_string());
        }
    }
}
