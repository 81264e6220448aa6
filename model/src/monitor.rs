//! The names of monitors: a mechanism with its sink, `bpf-lsm+ringbuf`, or the kind and name of
//! a custom monitor, `bpf:NAME.o`. The crate `probes` has the table of monitors; the user says
//! which file a custom monitor is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A monitor's name: `MECHANISM+SINK`, `none`, which has no sink, or `KIND:NAME` for a custom
/// monitor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct MonitorName {
    mechanism: String,
    rest: Rest,
}

/// The part of a name after the mechanism or the kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Rest {
    Nothing,
    Sink(String),
    Custom(CustomMonitorKind, String),
}

/// A kind of custom monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomMonitorKind {
    /// A compiled BPF object: `bpf:NAME.o`.
    Bpf,
    /// Rules for auditctl: `audit:NAME.rules`.
    Audit,
    /// A command that the agent starts in the guest: `cmd:NAME`.
    Command,
}

impl CustomMonitorKind {
    /// All kinds, in the order of reports.
    pub const ALL: [CustomMonitorKind; 3] =
        [CustomMonitorKind::Bpf, CustomMonitorKind::Audit, CustomMonitorKind::Command];

    /// The part before the `:`.
    pub const fn prefix(self) -> &'static str {
        match self {
            CustomMonitorKind::Bpf => "bpf",
            CustomMonitorKind::Audit => "audit",
            CustomMonitorKind::Command => "cmd",
        }
    }

    /// The end of the name.
    pub const fn suffix(self) -> &'static str {
        match self {
            CustomMonitorKind::Bpf => ".o",
            CustomMonitorKind::Audit => ".rules",
            CustomMonitorKind::Command => "",
        }
    }

    /// Splits `text` at the `:` into its kind and its name; `None` if it has no known kind.
    pub fn of(text: &str) -> Option<(CustomMonitorKind, &str)> {
        let (prefix, rest) = text.split_once(':')?;
        CustomMonitorKind::ALL.into_iter().find(|kind| kind.prefix() == prefix).map(|kind| (kind, rest))
    }

    /// Whether `name` is valid after the `:`.
    fn names(self, name: &str) -> bool {
        plain_name(name, self.suffix())
    }
}

/// Whether `name` is a valid name of a custom monitor or workload that ends with `suffix`. Such
/// names need no quotes in cells, files and commands.
pub(crate) fn plain_name(name: &str, suffix: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    begins
        && name.chars().all(plain)
        && name.len() <= LONGEST_CUSTOM
        && name.strip_suffix(suffix).is_some_and(|stem| !stem.is_empty())
}

/// The largest length of a custom name, in bytes.
const LONGEST_CUSTOM: usize = 80;

impl MonitorName {
    /// Returns `none`, the monitor that watches nothing. All others are compared with it.
    pub fn none() -> Self {
        Self { mechanism: "none".into(), rest: Rest::Nothing }
    }

    /// Whether this is `none`.
    pub fn is_none(&self) -> bool {
        self.rest == Rest::Nothing && self.mechanism == "none"
    }

    /// The part before the `+` or the `:`, as in `bpf-lsm`.
    pub fn mechanism(&self) -> &str {
        &self.mechanism
    }

    /// The part after the `+`, if there is one: `ringbuf`.
    pub fn sink(&self) -> Option<&str> {
        match &self.rest {
            Rest::Sink(sink) => Some(sink),
            Rest::Nothing | Rest::Custom(..) => None,
        }
    }

    /// The kind and name of a custom monitor, as in `bpf:NAME.o`.
    pub fn custom(&self) -> Option<(CustomMonitorKind, &str)> {
        match &self.rest {
            Rest::Custom(kind, name) => Some((*kind, name)),
            Rest::Nothing | Rest::Sink(_) => None,
        }
    }
}

impl fmt::Display for MonitorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad` applies the caller's width to the whole name.
        match &self.rest {
            Rest::Sink(sink) => f.pad(&format!("{}+{sink}", self.mechanism)),
            Rest::Custom(_, name) => f.pad(&format!("{}:{name}", self.mechanism)),
            Rest::Nothing => f.pad(&self.mechanism),
        }
    }
}

/// Why a text is not a monitor's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not a monitor's name: {0:?}; expected MECHANISM+SINK, as in bpf-lsm+ringbuf, or none, or a custom \
     monitor: bpf:NAME.o, audit:NAME.rules or cmd:NAME with letters, digits, '.', '_' and '-'"
)]
pub struct NotAMonitor(String);

impl FromStr for MonitorName {
    type Err = NotAMonitor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || NotAMonitor(text.chars().take(80).collect());
        if let Some((kind, name)) = CustomMonitorKind::of(text) {
            let rest = kind.names(name).then(|| Rest::Custom(kind, name.into())).ok_or_else(error)?;
            return Ok(Self { mechanism: kind.prefix().into(), rest });
        }
        let word = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        match text.split_once('+') {
            Some((mechanism, sink)) if word(mechanism) && word(sink) => {
                Ok(Self { mechanism: mechanism.into(), rest: Rest::Sink(sink.into()) })
            }
            None if word(text) => Ok(Self { mechanism: text.into(), rest: Rest::Nothing }),
            _ => Err(error()),
        }
    }
}

impl TryFrom<String> for MonitorName {
    type Error = NotAMonitor;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<MonitorName> for String {
    fn from(name: MonitorName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_has_a_mechanism_and_a_sink() {
        let name: MonitorName = "bpf-lsm+ringbuf".parse().unwrap();
        assert_eq!((name.mechanism(), name.sink()), ("bpf-lsm", Some("ringbuf")));
        assert!("none".parse::<MonitorName>().unwrap().is_none());
    }

    #[test]
    fn a_custom_monitor_has_a_kind_and_a_name() {
        let name: MonitorName = "bpf:execsnoop.bpf.o".parse().unwrap();
        assert_eq!(name.custom(), Some((CustomMonitorKind::Bpf, "execsnoop.bpf.o")));
        assert_eq!((name.mechanism(), name.sink()), ("bpf", None));
        let wrong = ["bpf:", "bpf:.o", "bpf:a", "bpf:a/b.o", "bpf:../a.o", "audit:a.o", "cmd:", "cmd:a b"];
        for text in wrong.into_iter().chain(["cmd:a[b]", "cmd:-a", "cmd:a,b", "elf:a.o", "bpf+a.o"]) {
            let error = text.parse::<MonitorName>().unwrap_err().to_string();
            assert!(error.contains("bpf:NAME.o"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_parses_without_panic(text in ".*") {
            let _ = text.parse::<MonitorName>();
        }

        #[test]
        fn display_and_parse_round_trip(text in "([a-z0-9-]{1,12}(\\+[a-z0-9-]{1,12})?|bpf:[A-Z_a-z0-9][A-Za-z0-9._-]{0,9}[.]o|audit:[a-z]{1,9}[.]rules|cmd:[a-z][a-z.]{0,9})") {
            let name: MonitorName = text.parse().unwrap();
            prop_assert_eq!(name.to_string(), text);
        }
    }
}
