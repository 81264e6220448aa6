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

/// The text is not a cell.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not a cell: {0:?} (expected KERNEL/TARGET/WORKLOAD[NAME=VALUE ...]/SCHEDULE/MONITOR, as in \
     6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count)"
)]
pub struct NotACell(String);

impl FromStr for Cell {
    type Err = NotACell;

    /// Reads what `Display` shows. A kernel may be a path, so it is read from the end.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || -> Option<Cell> {
            let (rest, monitor) = text.rsplit_once('/')?;
            let (rest, schedule) = rest.rsplit_once('/')?;
            let (rest, params) = match rest.strip_suffix(']') {
                // Empty brackets are not shown, so they would be the workload's.
                Some(rest) => rest.rsplit_once('[').filter(|(_, params)| !params.trim().is_empty())?,
                None => (rest, ""),
            };
            let (rest, workload) = rest.rsplit_once('/')?;
            let (kernel, target) = rest.rsplit_once('/')?;
            let cell = Cell {
                kernel: kernel.into(),
                target: target.parse().ok()?,
                workload: workload.into(),
                params: params.parse().ok()?,
                schedule: schedule.parse().ok()?,
                monitor: monitor.parse().ok()?,
            };
            (!kernel.is_empty() && !workload.is_empty()).then_some(cell)
        };
        read().ok_or_else(|| NotACell(text.chars().take(200).collect()))
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
    use proptest::prelude::*;

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

    #[test]
    fn what_lacks_a_part_is_no_cell_and_is_said_with_an_example() {
        let whole = "6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count";
        assert_eq!(whole.parse::<Cell>().unwrap().to_string(), whole);
        let wrong = ["", "6.1", "tcg/w/paced/none", "6.1/tcg/w[to]/paced/none", "/tcg/w/paced/none"];
        for text in
            wrong.into_iter().chain(["6.1/moon/w/paced/none", "6.1/tcg/w/soon/none", "6.1/tcg//paced/none"])
        {
            let error = text.parse::<Cell>().unwrap_err().to_string();
            assert!(error.contains(whole), "{error}");
        }
    }

    #[test]
    fn empty_brackets_are_no_parameters() {
        // Was the workload x[], which is shown as that and was read as x.
        for text in ["6.1/tcg/x[][]/paced/none", "6.1/tcg/x[]/paced/none", "6.1/tcg/x[ ]/paced/none"] {
            assert!(text.parse::<Cell>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(.*|[a-z/=+\\[\\] ]*)") {
            let _ = text.parse::<Cell>();
        }

        #[test]
        fn what_is_shown_is_read_again(
            kernel in "(6\\.1|.{1,40}|/([a-z /\\[\\]]{1,9}/)?(tcg/)?vmlinux)",
            workload in "[a-z][a-z0-9-]{0,20}",
            params in proptest::collection::btree_map("[a-z_]{1,9}", "[a-z0-9./]{1,9}", 0..4),
            schedule in proptest::sample::select(&Schedule::ALL[..]),
            target in proptest::sample::select(&[Target::Tcg, Target::Kvm, Target::Host][..]),
            monitor in "[a-z0-9-]{1,12}(\\+[a-z0-9-]{1,12})?",
        ) {
            let params = params.into_iter().collect();
            let cell = Cell { kernel, target, workload, params, schedule, monitor: monitor.parse().unwrap() };
            prop_assert_eq!(cell.to_string().parse(), Ok(cell));
        }
    }
}
