//! What the harness asks of the agent in the guest, and what the agent
//! answers: one JSON object each, one line each. The harness trusts nothing of
//! an answer: its length is bounded and its order checked in `vm`, and what it
//! says compared with what was asked in `harness/src/check.rs`.

use serde::{Deserialize, Serialize};

use crate::custom_workload::CustomWorkload;
use crate::{Clock, MonitorName, Params, Schedule};

/// The folder in the guest, from the root, with the modules of one's own kernel that
/// are to be loaded in the order of their names.
pub const MODULES: &str = "own-modules";

/// On a guest's kernel command line, where its clock is not the exact one: before the
/// clocks that are read, `hookbench.clocks=tsc,perf`.
pub const CLOCKS_WORD: &str = "hookbench.clocks=";

/// A cell as the agent is asked for it: no kernel, no place, no order, so that
/// equal cells are asked for by equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellSpec {
    /// What to time.
    pub workload: String,
    /// All of its parameters.
    pub params: Params,
    /// What watches meanwhile.
    pub monitor: MonitorName,
    /// The monitor's parameters, those that are not as usual.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub tuning: Params,
    /// How operations follow each other.
    pub schedule: Schedule,
    /// How many operations are timed.
    pub samples: u32,
    /// How many are made before them, untimed.
    pub warmup: u32,
    /// How long it may take, in seconds of the guest's own time.
    pub budget: u64,
    /// The workload, where it is one of a user's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<CustomWorkload>,
    /// What the agent has to do wrong; only tests ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// A cell as an agent is asked for it that runs on a machine beside others, and not
/// as the first process of a guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostOrder {
    /// The cell.
    pub cell: CellSpec,
    /// The clocks to read in addition to the time-stamp counter.
    #[serde(rename = "beside")]
    pub secondary_clocks: Vec<Clock>,
    /// The CPU on which the worker stays.
    pub cpu: u32,
    /// Where the program is that does nothing.
    pub noop: String,
    /// The file in which is written down what has to be undone, before it is done.
    /// Without one, nothing may be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
}

/// Ways for a guest to misbehave, for tests of those who have to bear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The kernel panics.
    Panic,
    /// The machine is reset.
    Reboot,
    /// Nothing happens any more; the kernel lives.
    Hang,
    /// The agent does not come to run any more: no timer of the guest's helps.
    Stall,
    /// The worker takes memory until the kernel kills it.
    OutOfMemory,
    /// The guest ends without a word.
    Vanish,
    /// The guest ends without a word as its first timed operation begins: what it
    /// takes to come so far.
    First,
    /// The monitor is detached before the workload starts.
    Deaf,
    /// The worker sleeps for a moment before each operation, where idleness counts.
    Nap,
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
    /// A second word that the agent runs, before the answer.
    ReadyTwice,
    /// A word that the agent runs, after the answer.
    ReadyLate,
    /// An answer that lacks a sample.
    LieSamples,
    /// An answer in which measuring costs nothing.
    LieCalibration,
    /// An answer with an event less than were made.
    LieEvents,
    /// An answer without events, of a monitor that sees.
    LieNoEvents,
    /// An answer without what attaching cost, of a monitor that was attached.
    LieNoCost,
    /// An answer with more refusals than operations.
    LieRefused,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 23] = [
        Fault::Panic,
        Fault::Reboot,
        Fault::Hang,
        Fault::Stall,
        Fault::OutOfMemory,
        Fault::Vanish,
        Fault::First,
        Fault::Deaf,
        Fault::Nap,
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

/// What the agent says. A cell ends with `Measured`, `Unsupported` or `Failed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "nearly all are the largest, and a box would be one more step")]
pub enum AgentMessage {
    /// The agent runs; said once, first.
    Ready {
        /// `uname -r`.
        release: String,
        /// `uname -v`.
        version: String,
        /// The kernel's command line as it sees it.
        cmdline: String,
        /// How many CPUs are online, where there are several.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        cpus: u16,
    },
    /// There was no cell: what a snapshot is tried with.
    Stopped {
        /// By how many instructions the clock ran on while the machine stood.
        jumped: i64,
    },
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
    fn messages_are_read_as_they_were_sent() {
        let measured = crate::Measured { samples: vec![3, 4], calibration: 5, ..Default::default() };
        let message = AgentMessage::Measured(measured);
        let line = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<AgentMessage>(&line).unwrap(), message);
    }

    proptest! {
        #[test]
        fn any_line_is_read_without_panic(line in ".*") {
            let _ = serde_json::from_str::<AgentMessage>(&line);
            let _ = serde_json::from_str::<CellSpec>(&line);
        }
    }
}
