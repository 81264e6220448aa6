//! What hookbench sends to the agent, and what the agent answers: one JSON object each, one line each.
//! hookbench does not trust an answer. The crate `vm` limits its length and checks its order, and the harness
//! compares it with what was asked. How the bytes travel is in `channel.rs`.

use serde::{Deserialize, Serialize};

use crate::custom_workload::CustomWorkload;
use crate::{Clock, MonitorName, Params, Schedule};

/// The folder in the guest, relative to the root, with the modules of your own kernel. The agent loads them in
/// the order of their names.
pub const MODULES: &str = "own-modules";

/// Begins the word of the kernel's command line that lists the clocks to read, `hookbench.clocks=tsc,perf`.
/// Only a guest without the exact clock has it.
pub const CLOCKS_WORD: &str = "hookbench.clocks=";

/// A cell as the agent gets it: without its kernel, target and number, so equal cells are equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellSpec {
    /// What to time.
    pub workload: String,
    /// All of its parameters.
    pub params: Params,
    /// The monitor.
    pub monitor: MonitorName,
    /// Those of the monitor's parameters that differ from their defaults.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub tuning: Params,
    /// How the operations follow each other.
    pub schedule: Schedule,
    /// The number of timed operations.
    pub samples: u32,
    /// The number of untimed operations before them.
    pub warmup: u32,
    /// How long the cell may take, in seconds of the guest's time.
    pub budget: u64,
    /// The workload, if it is a custom one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<CustomWorkload>,
    /// What the agent has to do wrong; only tests set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// What the agent attaches before it knows its cell. Cells with equal orders can be copies of one machine that has
/// attached the monitor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttachOrder {
    /// The monitor.
    pub attach: MonitorName,
    /// Those of its parameters that differ from their defaults.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub tuning: Params,
    /// The behaviour that it watches; `None` if the monitor is the same for all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<String>,
    /// Whether its readers come before the worker.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub readers_first: bool,
    /// Whether each record has to carry the workload's LD_PRELOAD.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ld_preload: bool,
    /// The login uid of the worker; `None` leaves it unset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_uid: Option<u32>,
    /// How long attaching may take, in seconds of the guest's time.
    pub budget: u64,
}

/// What hookbench sends in place of an [`AttachOrder`] to get the [`AgentMessage::Symbols`] of the whole kernel.
pub const SYMBOLS_ORDER: &[u8] = br#""symbols""#;

/// The first bytes of a [`ProgramOrder`], by which the agent tells it from an [`AttachOrder`].
pub const PROGRAM_ORDER: &[u8] = br#"{"program":"#;

/// The most bytes that the program of a [`ProgramOrder`] may write.
pub const LONGEST_PROGRAM_ANSWER: usize = 4 << 20;

/// What hookbench sends in place of an [`AttachOrder`] to have a program of the payload run. The agent answers
/// [`AgentMessage::Answered`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramOrder {
    /// The program's path and its arguments. The first field, see [`PROGRAM_ORDER`].
    pub program: Vec<String>,
    /// What it reads.
    pub input: String,
    /// How long it may take, in seconds of the guest's time.
    pub budget: u64,
}

/// A cell as the agent gets it on the host, where it is not the first process of a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostOrder {
    /// The cell.
    pub cell: CellSpec,
    /// The clocks to read in addition to the time-stamp counter.
    #[serde(rename = "beside")]
    pub secondary_clocks: Vec<Clock>,
    /// The CPU on which the agent and the worker stay.
    pub cpu: u32,
    /// The path of the program that does nothing.
    pub noop: String,
    /// The file to which the agent writes each change before it makes it, to undo it later. Without the file
    /// the agent must not change anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
}

/// Ways for a guest to misbehave, for tests of the host side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The kernel panics.
    Panic,
    /// The machine is reset.
    Reboot,
    /// The agent spins for ever; the kernel lives.
    Hang,
    /// The agent never runs again: no timer of the guest helps.
    Stall,
    /// The worker takes memory until the kernel kills it.
    OutOfMemory,
    /// The guest ends without an answer.
    Vanish,
    /// The guest ends without an answer when its first timed operation begins: tests time the way to there.
    First,
    /// The monitor is detached before the workload starts.
    Deaf,
    /// The worker sleeps for a moment in each operation, outside of the timed section.
    Nap,
    /// The workload does nothing: its timed sections are empty.
    IdleWorkload,
    /// Bytes that are no message.
    Garbage,
    /// A message without an end.
    Flood,
    /// The answer ends in its middle.
    Truncated,
    /// An answer with two million samples.
    Overlong,
    /// An answer that is not UTF-8.
    NotUtf8,
    /// Two answers.
    Twice,
    /// A second `ready` before the answer.
    ReadyTwice,
    /// A `ready` after the answer.
    ReadyLate,
    /// An answer with one sample too few.
    LieSamples,
    /// An answer in which an empty timed section costs nothing.
    LieCalibration,
    /// An answer with one event too few.
    LieEvents,
    /// An answer without events, of a monitor that sees.
    LieNoEvents,
    /// An answer without the cost of attaching, of a monitor that was attached.
    LieNoCost,
    /// An answer with more refusals than operations.
    LieRefused,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 24] = [
        Fault::Panic,
        Fault::Reboot,
        Fault::Hang,
        Fault::Stall,
        Fault::OutOfMemory,
        Fault::Vanish,
        Fault::First,
        Fault::Deaf,
        Fault::Nap,
        Fault::IdleWorkload,
        Fault::Garbage,
        Fault::Flood,
        Fault::Truncated,
        Fault::Overlong,
        Fault::NotUtf8,
        Fault::Twice,
        Fault::ReadyTwice,
        Fault::ReadyLate,
        Fault::LieSamples,
        Fault::LieCalibration,
        Fault::LieEvents,
        Fault::LieNoEvents,
        Fault::LieNoCost,
        Fault::LieRefused,
    ];
}

impl std::str::FromStr for Fault {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_value(text.into())
    }
}

/// What the agent sends. A cell ends with `Measured`, `Unsupported` or `Failed`, a program with `Answered` or `Failed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "nearly all are the largest, and a box would be one more step")]
pub enum AgentMessage {
    /// The agent runs; sent once, first.
    Ready {
        /// `uname -r`.
        release: String,
        /// `uname -v`.
        version: String,
        /// The kernel's command line as the kernel shows it.
        cmdline: String,
        /// How many CPUs are online, where there are several.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        cpus: u16,
        /// The active security modules as the kernel lists them: `lockdown,capability,bpf`. Empty if it does not.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        lsm: String,
    },
    /// There was no cell: hookbench tries a new snapshot this way.
    Stopped {
        /// The number of instructions by which the clock ran on while the machine stood.
        jumped: i64,
    },
    /// Functions of the kernel, as lines of `/proc/kallsyms`: those of BPF programs, trampolines and modules, or for
    /// [`SYMBOLS_ORDER`] all of them. Sent before the last message.
    Symbols(String),
    /// What the program of a [`ProgramOrder`] wrote.
    Answered(String),
    /// The cell's numbers.
    Measured(crate::Measured),
    /// This guest cannot do it.
    Unsupported(String),
    /// It should have worked.
    Failed(crate::Failure),
}

fn one() -> u16 {
    1
}

fn is_one(cpus: &u16) -> bool {
    *cpus == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_is_read_as_it_was_sent() {
        let measured = crate::Measured { samples: vec![3, 4], calibration: 5, ..Default::default() };
        let message = AgentMessage::Measured(measured);
        let line = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<AgentMessage>(&line).unwrap(), message);
    }

    #[test]
    fn an_order_for_a_program_begins_as_the_agent_expects() {
        let order = ProgramOrder { program: vec!["/a".into()], input: "b".into(), budget: 5 };
        assert!(serde_json::to_vec(&order).unwrap().starts_with(PROGRAM_ORDER));
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_panic(line in ".*") {
            let _ = serde_json::from_str::<AgentMessage>(&line);
            let _ = serde_json::from_str::<CellSpec>(&line);
        }
    }
}
