//! The numbers of a measurement besides its samples: events, attaching, memory, calibration.

use serde::Serialize;

use super::sides::BaseAndNew;
use hookbench_model::{Clock, Loading, Measured};

/// A number besides the samples that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherChange {
    /// Which number.
    pub what: Quantity,
    /// Its values; `None` if a run does not have it.
    #[serde(flatten)]
    pub values: BaseAndNew<Option<i128>>,
}

/// A number of a measurement besides its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// Events that the workload caused.
    Expected,
    /// Events that the monitor saw.
    Seen,
    /// Events that the monitor lost.
    Lost,
    /// Samples that a sampling monitor took.
    Looks,
    /// The cost of attaching the monitor, in the clock's unit.
    AttachCost,
    /// The part of it that read the BPF object file.
    LoadingOpen,
    /// The part of it that created maps and relocated programs.
    LoadingLoad,
    /// The part of it that verified the programs.
    LoadingVerify,
    /// The part of it that attached the loaded programs.
    LoadingAttach,
    /// How much the agent's own memory grew meanwhile, in bytes.
    AgentMemory,
    /// How much attaching lowered the guest's free memory, in bytes.
    Memory,
    /// The cost of an empty timed section, in the clock's unit.
    Calibration,
}

impl Quantity {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Quantity::Expected => "events expected",
            Quantity::Seen => "events seen",
            Quantity::Lost => "events lost",
            Quantity::Looks => "looks",
            Quantity::AttachCost => "attaching",
            Quantity::LoadingOpen => "attaching: opening the object",
            Quantity::LoadingLoad => "attaching: loading the object",
            Quantity::LoadingVerify => "attaching: verifying its programs",
            Quantity::LoadingAttach => "attaching: attaching its programs",
            Quantity::AgentMemory => "the agent's memory",
            Quantity::Memory => "memory",
            Quantity::Calibration => "calibration",
        }
    }

    /// The unit; empty for plain counts.
    pub const fn unit(self, clock: Clock) -> &'static str {
        match self {
            Quantity::AttachCost
            | Quantity::Calibration
            | Quantity::LoadingOpen
            | Quantity::LoadingLoad
            | Quantity::LoadingVerify
            | Quantity::LoadingAttach => clock.unit(),
            Quantity::Memory | Quantity::AgentMemory => "bytes",
            Quantity::Expected | Quantity::Seen | Quantity::Lost | Quantity::Looks => "",
        }
    }
}

/// Returns the numbers that differ between `base` and `new`.
pub(super) fn changed(base: &Measured, new: &Measured) -> Vec<OtherChange> {
    let pairs = quantities(base).into_iter().zip(quantities(new));
    let all = pairs.map(|((what, base), (_, new))| OtherChange { what, values: BaseAndNew { base, new } });
    all.filter(|other| !other.values.is_same()).collect()
}

fn quantities(measured: &Measured) -> [(Quantity, Option<i128>); 12] {
    let (events, loading) = (measured.events.as_ref(), measured.loading.as_ref());
    let step = |pick: fn(&Loading) -> u64| loading.map(pick).map(Into::into);
    [
        (Quantity::Expected, events.map(|events| events.expected.into())),
        (Quantity::Seen, events.map(|events| events.seen.into())),
        (Quantity::Lost, events.map(|events| events.lost.into())),
        (Quantity::Looks, events.and_then(|events| events.looks).map(Into::into)),
        (Quantity::AttachCost, measured.attach_cost.map(Into::into)),
        (Quantity::LoadingOpen, step(|loading| loading.open)),
        (Quantity::LoadingLoad, step(|loading| loading.load)),
        (Quantity::LoadingVerify, step(|loading| loading.verify)),
        (Quantity::LoadingAttach, step(|loading| loading.attach)),
        (Quantity::AgentMemory, loading.map(|loading| loading.agent_bytes.into())),
        (Quantity::Memory, measured.memory_bytes.map(Into::into)),
        (Quantity::Calibration, Some(measured.calibration.into())),
    ]
}
