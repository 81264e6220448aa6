//! What came of a cell: measured, or one of three different words for why not.

use serde::{Deserialize, Serialize};

use crate::{Cell, Loading};

/// What counts, and in which unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// TCG's icount, read as the guest's TSC: instructions, exactly.
    #[default]
    Instructions,
    /// The hardware's time-stamp counter: cycles of a constant rate.
    Tsc,
    /// Events of perf: what hardware counters and the kernel's own count, each with
    /// its unit.
    Perf,
    /// The kernel's trace of system calls, stamped with the time-stamp counter.
    Ftrace,
}

impl Clock {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Clock::Instructions => "instructions",
            Clock::Tsc => "tsc",
            Clock::Perf => "perf",
            Clock::Ftrace => "ftrace",
        }
    }

    /// The unit of a sample.
    pub const fn unit(self) -> &'static str {
        match self {
            Clock::Instructions => "instructions",
            // Of a constant rate: core cycles are another unit, which perf has.
            Clock::Tsc | Clock::Ftrace => "TSC cycles",
            Clock::Perf => "events",
        }
    }

    /// Whether equal operations take equal time by it, to the unit.
    pub const fn is_exact(self) -> bool {
        matches!(self, Clock::Instructions)
    }
}

/// The text is not a clock of hardware.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown clock {0:?}; the clocks of hardware are tsc, perf and ftrace")]
pub struct UnknownClock(String);

impl std::str::FromStr for Clock {
    type Err = UnknownClock;

    /// Reads the name of a clock that one can ask for. Instructions are what TCG
    /// counts, whatever one asks for.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Clock::Tsc, Clock::Perf, Clock::Ftrace]
            .into_iter()
            .find(|clock| clock.name() == text)
            .ok_or_else(|| UnknownClock(text.chars().take(80).collect()))
    }
}

/// What another clock measured of the same operations, beside the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClockSamples {
    /// Which clock.
    pub clock: Clock,
    /// What it counted, where it counts several things: `instructions, kernel`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// The unit of a sample.
    pub unit: String,
    /// One per operation, in the order of the first clock's; 0 where this one missed
    /// the operation, which nothing that happened is. Kept where those are kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<u64>,
    /// Whether 0 means that an operation was missed: of what perf counts, 0 is a count.
    #[serde(default)]
    pub zero_is_missed: bool,
    /// What it says of nothing, or of a system call that does nothing (its median).
    pub calibration: u64,
    /// By how much having it on made a system call that does nothing dearer, in TSC
    /// cycles; below zero it is lost in the noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<i64>,
    /// Events that it says it lost.
    #[serde(default)]
    pub lost: u64,
}

/// What a guest had behind it when its cell began. The same cell may differ
/// between the two by some instructions, and never within one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum History {
    /// It had just booted, for this cell alone.
    Cold,
    /// It went on from a snapshot of a guest that had booted.
    Restored,
}

impl History {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            History::Cold => "cold",
            History::Restored => "restored",
        }
    }
}

/// How many events a monitor had to see, and what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Events {
    /// The behaviour they are of.
    pub behaviour: String,
    /// What the workload did.
    pub expected: u64,
    /// What the monitor saw.
    pub seen: u64,
    /// What the monitor says it lost.
    pub lost: u64,
    /// How often it looked, where it looks only now and then and misses the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<u64>,
}

/// The numbers of one cell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measured {
    /// One per operation, in the order they were made, in the clock's unit.
    /// Kept in a file of their own, not in `run.json`: empty is left out there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<u64>,
    /// What an empty timed section costs in this very guest (its median).
    pub calibration: u64,
    /// Events seen; none under `none`, which watches nothing.
    pub events: Option<Events>,
    /// How many of the timed operations the monitor stopped, and how.
    pub refused: Option<Refused>,
    /// What loading and attaching the monitor cost the task that did it, in
    /// the clock's unit; none under `none`.
    pub attach_cost: Option<u64>,
    /// What of it a loader of BPF objects spent, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loading: Option<Loading>,
    /// By how many bytes attaching the monitor, with its readers, lowered the
    /// guest's free memory; none under `none`.
    pub memory_bytes: Option<i64>,
    /// How many of the samples each round made, where the cell was measured in
    /// several; their order is that of the samples.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<u32>,
    /// What other clocks measured of the same operations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<ClockSamples>,
    /// What a reader of the number has to know, in the guest's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Operations that a monitor stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refused {
    /// How many of the timed operations.
    pub operations: u64,
    /// The error they got, or the signal that killed who made them, by name:
    /// `EPERM`, `SIGKILL`.
    pub errno: String,
    /// Whether the operation had happened all the same, where a monitor kills: the
    /// system call goes on, and who makes it dies on the way back to user space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened: Option<Happened>,
}

/// What a killing monitor did not keep from happening, found out with as many
/// operations again after the timed ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Happened {
    /// Events of the behaviour whose system calls had succeeded when who made them
    /// died. An executed program was then in place, and ran no instruction.
    pub events: u64,
    /// Of so many.
    pub of: u64,
}

/// How a cell ended. Exactly one per planned cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "nearly all are the largest, and a box would be one more step")]
pub enum Outcome {
    /// It has numbers.
    Measured(Measured),
    /// This kernel, machine or boot line cannot do it.
    Unsupported(String),
    /// It was left out on purpose.
    Skipped(String),
    /// It should have worked.
    Failed(Failure),
}

impl Outcome {
    /// The word for it in tables and files.
    pub const fn word(&self) -> &'static str {
        match self {
            Outcome::Measured(_) => "measured",
            Outcome::Unsupported(_) => "unsupported",
            Outcome::Skipped(_) => "skipped",
            Outcome::Failed(_) => "failed",
        }
    }

    /// Why there is no number; empty when there is one.
    pub fn reason(&self) -> String {
        match self {
            Outcome::Measured(_) => String::new(),
            Outcome::Unsupported(why) | Outcome::Skipped(why) => why.clone(),
            Outcome::Failed(failure) => failure.message.clone(),
        }
    }
}

/// What kind of failure: what a caller branches on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The monitor did not see what the workload did.
    EventsMismatch,
    /// An operation ended otherwise than the workload and the monitor say.
    WrongOutcome,
    /// The guest's kernel panicked.
    GuestPanic,
    /// The cell's budget ran out.
    Timeout,
    /// The guest ended without a result.
    GuestEnded,
    /// The guest said something that is not a message.
    Protocol,
    /// The agent reported an error of its own.
    Agent,
    /// QEMU could not be started, or died.
    Qemu,
}

impl FailureKind {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            FailureKind::EventsMismatch => "events-mismatch",
            FailureKind::WrongOutcome => "wrong-outcome",
            FailureKind::GuestPanic => "guest-panic",
            FailureKind::Timeout => "timeout",
            FailureKind::GuestEnded => "guest-ended",
            FailureKind::Protocol => "protocol",
            FailureKind::Agent => "agent",
            FailureKind::Qemu => "qemu",
        }
    }
}

/// A failure with what one needs to understand it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failure {
    /// What kind.
    pub kind: FailureKind,
    /// One line: what failed, on what, why.
    pub message: String,
    /// The guest's last console lines, if it had any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub console: Vec<String>,
}

/// A cell and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measurement {
    /// Which cell.
    pub cell: Cell,
    /// What its numbers count.
    pub clock: Clock,
    /// What the guest had behind it; nothing where there is no guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Measurement {
    /// The numbers, where there are any.
    pub fn measured(&self) -> Option<&Measured> {
        match &self.outcome {
            Outcome::Measured(measured) => Some(measured),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_failure_is_called_as_it_is_written() {
        use FailureKind::*;
        for kind in [EventsMismatch, WrongOutcome, GuestPanic, Timeout, GuestEnded, Protocol, Agent, Qemu] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
