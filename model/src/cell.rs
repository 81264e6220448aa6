//! Cells: the units of work, and the names of lines in reports.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Boot, MonitorName, Params, Schedule};

/// Where a cell runs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// A guest in QEMU with TCG and icount: exact counts.
    #[default]
    Tcg,
    /// A guest in QEMU with KVM: hardware clocks.
    Kvm,
    /// This machine, without a guest: hardware clocks.
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

/// One measurement to make: kernel × target × monitor × workload × parameters × schedule.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cell {
    /// The name in the kernel table, `6.1`, or the path of the user's own image.
    pub kernel: String,
    /// Where it runs.
    pub target: Target,
    /// How the kernel is booted.
    #[serde(default, skip_serializing_if = "Boot::is_default")]
    pub boot: Boot,
    /// The workload that is timed: `execve-noop`.
    pub workload: String,
    /// All parameters of the workload, defaults included.
    pub params: Params,
    /// How operations follow each other.
    pub schedule: Schedule,
    /// The monitor that watches.
    pub monitor: MonitorName,
    /// The parameters of the monitor that differ from its defaults.
    #[serde(default, skip_serializing_if = "Params::is_empty")]
    pub tuning: Params,
}

impl Cell {
    /// Returns the baseline of this cell: the same cell under `none`.
    pub fn baseline(&self) -> Cell {
        Cell { monitor: MonitorName::none(), tuning: Params::default(), ..self.clone() }
    }

    /// Returns the monitor with its parameters: `audit+rules[unmatched=20]`.
    pub fn tuned_monitor(&self) -> String {
        format!("{}{}", self.monitor, Bracketed(&self.tuning))
    }

    /// Returns the kernel, followed by a boot that is not the default: `6.12 debian`.
    pub fn booted_kernel(&self) -> String {
        if self.boot.is_default() { self.kernel.clone() } else { format!("{} {}", self.kernel, self.boot) }
    }
}

/// Shows parameters in brackets, and nothing if there are none.
struct Bracketed<'a>(&'a Params);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, "[{}]", self.0) }
    }
}

/// Splits parameters, as [`Bracketed`] shows them, from the end of `text`. Returns the text
/// before them and the parameters. Empty brackets are an error, because they are never shown.
fn split_bracketed(text: &str) -> Option<(&str, &str)> {
    match text.strip_suffix(']') {
        Some(text) => text.rsplit_once('[').filter(|(_, params)| !params.trim().is_empty()),
        None => Some((text, "")),
    }
}

impl fmt::Display for Cell {
    /// `6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count`, or with values that are not the
    /// default, `6.1/tcg:debian/mprotect-storm[to=r]/paced/audit+rules[unmatched=20]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kernel, self.target)?;
        if !self.boot.is_default() {
            write!(f, ":{}", self.boot)?;
        }
        write!(f, "/{}{}/{}/{}", self.workload, Bracketed(&self.params), self.schedule, self.tuned_monitor())
    }
}

/// Why a text is not a cell.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not a cell: {0:?}; expected KERNEL/TARGET/WORKLOAD[NAME=VALUE ...]/SCHEDULE/MONITOR, as in \
     6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count"
)]
pub struct NotACell(String);

impl FromStr for Cell {
    type Err = NotACell;

    /// Parses what `Display` shows. It parses from the end, because a kernel may be a path.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let read = || -> Option<Cell> {
            let (rest, tuning) = split_bracketed(text)?;
            let (rest, monitor) = rest.rsplit_once('/')?;
            let (rest, schedule) = rest.rsplit_once('/')?;
            let (rest, params) = split_bracketed(rest)?;
            let (rest, workload) = rest.rsplit_once('/')?;
            let (kernel, target) = rest.rsplit_once('/')?;
            let (target, boot) = match target.split_once(':') {
                Some((target, boot)) => (target, boot.parse().ok().filter(|boot: &Boot| !boot.is_default())?),
                None => (target, Boot::default()),
            };
            let cell = Cell {
                kernel: kernel.into(),
                target: target.parse().ok()?,
                boot,
                workload: workload.into(),
                params: params.parse().ok()?,
                schedule: schedule.parse().ok()?,
                monitor: monitor.parse().ok()?,
                tuning: tuning.parse().ok()?,
            };
            (!kernel.is_empty() && !workload.is_empty()).then_some(cell)
        };
        read().ok_or_else(|| NotACell(text.chars().take(200).collect()))
    }
}

/// A text that is not a target.
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
    use crate::Profile;
    use proptest::prelude::*;

    #[test]
    fn a_cell_is_shown_with_all_its_parts() {
        let cell = Cell {
            kernel: "6.1".into(),
            target: Target::Tcg,
            boot: Boot::default(),
            workload: "mprotect-storm".into(),
            params: "to=r".parse().unwrap(),
            schedule: Schedule::Paced,
            monitor: "kprobe+count".parse().unwrap(),
            tuning: Params::default(),
        };
        assert_eq!(cell.to_string(), "6.1/tcg/mprotect-storm[to=r]/paced/kprobe+count");
        let boot = "debian*4".parse().unwrap();
        let unusual = Cell { boot, tuning: "programs=4".parse().unwrap(), ..cell.clone() };
        let name = "6.1/tcg:debian*4/mprotect-storm[to=r]/paced/kprobe+count[programs=4]";
        assert_eq!(unusual.to_string(), name);
        assert_eq!(unusual.baseline().to_string(), "6.1/tcg:debian*4/mprotect-storm[to=r]/paced/none");
        assert_eq!(cell.baseline().to_string(), "6.1/tcg/mprotect-storm[to=r]/paced/none");
    }

    #[test]
    fn an_error_about_a_cell_has_an_example() {
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
    fn empty_brackets_are_refused() {
        // These once parsed as the workload `x[]`, which did not round-trip.
        for text in ["6.1/tcg/x[][]/paced/none", "6.1/tcg/x[]/paced/none", "6.1/tcg/x[ ]/paced/none"] {
            assert!(text.parse::<Cell>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_without_panic(text in "(.*|[a-z/=+\\[\\] ]*)") {
            let _ = text.parse::<Cell>();
        }

        #[test]
        fn display_and_parse_round_trip(
            kernel in "(6\\.1|.{1,40}|/([a-z /\\[\\]]{1,9}/)?(tcg/)?vmlinux)",
            workload in "[a-z][a-z0-9-]{0,20}",
            params in proptest::collection::btree_map("[a-z_]{1,9}", "[a-z0-9./]{1,9}", 0..4),
            schedule in proptest::sample::select(&Schedule::ALL[..]),
            target in proptest::sample::select(&[Target::Tcg, Target::Kvm, Target::Host][..]),
            monitor in "([a-z0-9-]{1,12}(\\+[a-z0-9-]{1,12})?|bpf:[A-Z_a-z0-9][A-Za-z0-9._-]{0,9}[.]o|cmd:[a-z]{1,9})",
            tuning in proptest::collection::btree_map("[a-z_]{1,9}", "[a-z0-9./]{1,9}", 0..4),
            profile in proptest::sample::select(&Profile::ALL[..]),
            cpus in 1..=crate::boot::MOST_CPUS,
            memory_mib in crate::boot::MEMORY,
        ) {
            let (params, tuning) = (params.into_iter().collect(), tuning.into_iter().collect());
            let (boot, monitor) = (Boot { profile, cpus, memory_mib }, monitor.parse().unwrap());
            let cell = Cell { kernel, target, boot, workload, params, schedule, monitor, tuning };
            prop_assert_eq!(cell.to_string().parse(), Ok(cell));
        }
    }
}
