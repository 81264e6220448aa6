//! Measurements: the outcome of a cell, either its numbers or the reason why it has none.

use serde::{Deserialize, Serialize};

use crate::{Attribution, Caveat, Cell, Loading};

/// A clock and its unit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Clock {
    /// TCG's icount, read as the guest's TSC: exact instruction counts.
    #[default]
    Instructions,
    /// The hardware's time-stamp counter: cycles at a constant rate.
    Tsc,
    /// Events of perf, from hardware counters and from the kernel, each with its own unit.
    Perf,
    /// The kernel's trace of system calls, with timestamps of the time-stamp counter.
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
            // At a constant rate. Core cycles are a different unit, which perf counts.
            Clock::Tsc | Clock::Ftrace => "TSC cycles",
            Clock::Perf => "events",
        }
    }

    /// Whether equal operations always take exactly equal time.
    pub const fn is_exact(self) -> bool {
        matches!(self, Clock::Instructions)
    }
}

/// A text that is not a hardware clock.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown clock {0:?}; the hardware clocks are tsc, perf and ftrace")]
pub struct UnknownClock(String);

impl std::str::FromStr for Clock {
    type Err = UnknownClock;

    /// Parses the clocks that users can select. `instructions` is not one of them: TCG always
    /// counts instructions.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Clock::Tsc, Clock::Perf, Clock::Ftrace]
            .into_iter()
            .find(|clock| clock.name() == text)
            .ok_or_else(|| UnknownClock(text.chars().take(80).collect()))
    }
}

/// The samples of a secondary clock for the same operations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClockSamples {
    /// The clock.
    pub clock: Clock,
    /// The event that it counted, if it can count several: `instructions, kernel`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub what: String,
    /// The unit of a sample.
    pub unit: String,
    /// One sample per operation, in the order of the main clock's samples; 0 if this clock
    /// missed the operation. They are kept in the samples file, like those of the main clock.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<u64>,
    /// Whether 0 means that the clock missed the operation. For perf, 0 is a valid count.
    #[serde(default)]
    pub zero_is_missed: bool,
    /// The median of an empty section, or of a system call that does nothing.
    pub calibration: u64,
    /// How much more a system call that does nothing costs while this clock is on, in TSC
    /// cycles. A negative value is noise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<i64>,
    /// The number of events that the clock reports as lost.
    #[serde(default)]
    pub lost: u64,
}

/// How a guest reached the start of its cell. The numbers are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum History {
    /// The guest had just booted for this cell.
    Cold,
    /// The guest resumed from a snapshot that was taken after booting.
    Restored,
    /// The guest is a copy of one that had booted and waited, perhaps with the monitor attached.
    Forked,
}

impl History {
    /// All of them, the fastest first.
    pub const ALL: [History; 3] = [History::Forked, History::Restored, History::Cold];

    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            History::Cold => "cold",
            History::Restored => "restored",
            History::Forked => "forked",
        }
    }
}

/// The events that a monitor had to see and those that it saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Events {
    /// Their behaviour.
    pub behaviour: String,
    /// The number that the workload caused.
    pub expected: u64,
    /// The number that the monitor saw.
    pub seen: u64,
    /// The number that the monitor reports as lost.
    pub lost: u64,
    /// How often a sampling monitor took a sample. It misses the events in between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looks: Option<u64>,
}

/// The numbers of one cell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measured {
    /// One sample per operation, in the order of the operations, in the clock's unit. They are
    /// kept in a separate file; `run.json` leaves them out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<u64>,
    /// The median cost of an empty timed section in the same guest.
    pub calibration: u64,
    /// The events; `None` for the monitor `none`, which watches nothing.
    pub events: Option<Events>,
    /// The timed operations that the monitor refused; `None` if it refused none.
    pub refused: Option<Refused>,
    /// The cost of loading and attaching the monitor for the task that did it, in the clock's
    /// unit; `None` for the monitor `none`.
    pub attach_cost: Option<u64>,
    /// The part of it that the loader of a BPF object spent, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loading: Option<Loading>,
    /// How much attaching the monitor and its readers lowered the guest's free memory, in
    /// bytes; `None` for the monitor `none`.
    pub memory_bytes: Option<i64>,
    /// The number of samples of each round, in the order of the samples; empty if the cell
    /// was not measured in rounds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<u32>,
    /// The samples of secondary clocks for the same operations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<ClockSamples>,
    /// Notes from the guest that a reader of the numbers needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Why the numbers are not simply those of the monitor which the user named; empty for a
    /// plain measurement.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caveats: Vec<Caveat>,
    /// The security modules that were active in the guest, as its kernel lists them; empty if it
    /// does not. hookbench adds it to what the agent sends, and moves it into the environment when
    /// the run ends.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lsm: String,
    /// What causes the difference from the baseline; `None` where it is not known. hookbench
    /// adds it to what the agent sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<Attribution>,
}

impl Measured {
    /// Whether nothing shows that the monitor was at work. Such numbers are kept, but nothing
    /// may be concluded from them.
    pub fn is_unproven(&self) -> bool {
        self.caveats.iter().any(Caveat::is_unproven)
    }
}

/// Operations that a monitor refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refused {
    /// The number of timed operations that it refused.
    pub operations: u64,
    /// The error that they returned, or the signal that killed the task, by name: `EPERM`,
    /// `SIGKILL`.
    pub errno: String,
    /// Whether refused operations happened nevertheless, if the monitor kills: the system call
    /// continues, and the task dies on its way back to user space.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened: Option<Happened>,
}

/// The operations that a killing monitor did not prevent. hookbench repeats the operations
/// after the timed ones to find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Happened {
    /// The number of events whose system calls had succeeded when the task died. A program
    /// that it executed was then in place but had not run an instruction.
    pub events: u64,
    /// The number of events in total.
    pub of: u64,
}

/// The word for a measurement of which nothing shows that the monitor was at work.
pub const UNPROVEN: &str = "measured unproven";

/// The outcome of a cell. Every planned cell has exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "nearly all are the largest, and a box would be one more step")]
pub enum Outcome {
    /// The cell has numbers.
    Measured(Measured),
    /// This kernel, machine or boot line does not support it.
    Unsupported(String),
    /// The cell was left out on purpose.
    Skipped(String),
    /// The cell should have worked.
    Failed(Failure),
}

impl Outcome {
    /// The word for it in tables and files.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Measured(measured) if measured.is_unproven() => UNPROVEN,
            Outcome::Measured(measured) if !measured.caveats.is_empty() => "measured in part",
            Outcome::Measured(_) => "measured",
            Outcome::Unsupported(_) => "unsupported",
            Outcome::Skipped(_) => "skipped",
            Outcome::Failed(_) => "failed",
        }
    }

    /// Returns why there are no numbers, or why they are not to be taken at face value; empty
    /// for a plain measurement.
    pub fn reason(&self) -> String {
        match self {
            Outcome::Measured(Measured { caveats, .. }) => {
                caveats.iter().map(Caveat::reason).collect::<Vec<_>>().join("; ")
            }
            Outcome::Unsupported(why) | Outcome::Skipped(why) => why.clone(),
            Outcome::Failed(failure) => failure.message.clone(),
        }
    }
}

/// The kind of a failure, for callers that branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The monitor's count differs from what the workload did.
    EventsMismatch,
    /// An operation ended differently than the workload and the monitor expect.
    WrongOutcome,
    /// The guest's kernel did not boot as its boot line says.
    WrongBoot,
    /// The guest's kernel panicked.
    GuestPanic,
    /// The time budget of the cell ran out.
    Timeout,
    /// Paced operations wait for an idle CPU, and the monitor never let it rest.
    NeverIdle,
    /// The guest ended without an answer.
    GuestEnded,
    /// The guest sent something that is not a message.
    Protocol,
    /// The agent reported an error.
    Agent,
    /// QEMU did not start, or it died.
    Qemu,
    /// The instructions that were attributed to call paths do not add up to a sample.
    Attribution,
}

impl FailureKind {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            FailureKind::EventsMismatch => "events-mismatch",
            FailureKind::WrongOutcome => "wrong-outcome",
            FailureKind::WrongBoot => "wrong-boot",
            FailureKind::GuestPanic => "guest-panic",
            FailureKind::Timeout => "timeout",
            FailureKind::NeverIdle => "never-idle",
            FailureKind::GuestEnded => "guest-ended",
            FailureKind::Protocol => "protocol",
            FailureKind::Agent => "agent",
            FailureKind::Qemu => "qemu",
            FailureKind::Attribution => "attribution",
        }
    }
}

/// A failure and its context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failure {
    /// The kind.
    pub kind: FailureKind,
    /// One line: what failed, on what, why.
    pub message: String,
    /// The last console lines of the guest, if there are any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub console: Vec<String>,
}

/// A cell and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measurement {
    /// The cell.
    pub cell: Cell,
    /// The clock of its numbers.
    pub clock: Clock,
    /// The state of the guest when the cell began; `None` without a guest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<History>,
    /// The outcome.
    pub outcome: Outcome,
}

impl Measurement {
    /// Returns the numbers, if there are any.
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
    fn the_name_of_a_failure_kind_is_its_serialised_form() {
        use FailureKind::*;
        let all = [
            EventsMismatch,
            WrongOutcome,
            WrongBoot,
            GuestPanic,
            Timeout,
            NeverIdle,
            GuestEnded,
            Protocol,
            Agent,
            Qemu,
            Attribution,
        ];
        for kind in all {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }
}
