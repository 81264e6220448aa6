//! What the harness asks of the agent in the guest, and what the agent
//! answers: one JSON object each, one line each. The harness trusts nothing
//! of an answer but that it parses; see the bounds in `vm`.

use serde::{Deserialize, Serialize};

use crate::{MonitorName, Params, Schedule};

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
    /// How operations follow each other.
    pub schedule: Schedule,
    /// How many operations are timed.
    pub samples: u32,
    /// How many are made before them, untimed.
    pub warmup: u32,
    /// How long it may take, in seconds of the guest's own time.
    pub budget: u64,
    /// What the agent has to do wrong; only tests ask for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// Ways for a guest to misbehave, for tests of those who have to bear it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The kernel panics.
    Panic,
    /// Nothing happens any more.
    Hang,
    /// Bytes that are no message.
    Garbage,
    /// A message without an end.
    Flood,
    /// The guest powers off without a word.
    Vanish,
    /// The monitor is detached before the workload starts.
    Deaf,
    /// The worker sleeps for a moment before each operation, where idleness counts.
    Nap,
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
pub enum AgentMessage {
    /// The agent runs; said once, first.
    Ready {
        /// `uname -r`.
        release: String,
        /// `uname -v`.
        version: String,
        /// The kernel's command line as it sees it.
        cmdline: String,
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
