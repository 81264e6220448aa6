//! A cell: the unit of work, and the name of one line in every report.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{MonitorName, Params, Schedule};

/// Where a cell runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// QEMU's TCG with icount: exact.
    #[default]
    Tcg,
    /// QEMU with KVM: hardware clocks.
    Kvm,
    /// This machine itself: hardware clocks.
    Host,
}

impl Target {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Target::Tcg => "tcg",
            Target::Kvm => "kvm",
            Target::Host => "host",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Kernel × target × monitor × workload × parameters × schedule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// The kernel's row, `6.1`, or the path of one's own image.
    pub kernel: String,
    /// Where it runs.
    pub target: Target,
    /// What is timed: `execve-noop`.
    pub workload: String,
    /// The workload's parameters, all of them, defaults included.
    pub params: Params,
    /// How operations follow each other.
    pub schedule: Schedule,
    /// What watches meanwhile.
    pub monitor: MonitorName,
}

impl Cell {
    /// The cell that this one is compared with: the same, under `none`.
    pub fn baseline(&self) -> Cell {
        Cell { monitor: MonitorName::none(), ..self.clone() }
    }
}

impl fmt::Display for Cell {
    /// `6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kernel, self.target, self.workload)?;
        if !self.params.is_empty() {
            write!(f, "[{}]", self.params)?;
        }
        write!(f, "/{}/{}", self.schedule, self.monitor)
    }
}

/// The text is not a target.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown target {0:?}; the targets are tcg, kvm and host")]
pub struct UnknownTarget(String);

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Target::Tcg, Target::Kvm, Target::Host]
            .into_iter()
            .find(|target| target.name() == text)
            .ok_or_else(|| UnknownTarget(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_shown_with_all_its_parts() {
        let cell = Cell {
            kernel: "6.1".into(),
            target: Target::Tcg,
            workload: "mprotect-storm".into(),
            params: "to=r".parse().unwrap(),
            schedule: Schedule::Paced,
            monitor: "kprobe+count".parse().unwrap(),
        };
        assert_eq!(cell.to_string(), "6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count");
        assert_eq!(cell.baseline().to_string(), "6.1/tcg/mprotect-storm[to=r]/paced/none");
    }
}
