//! The name of a monitor: a mechanism with its sink, `bpf-lsm+ringbuf`, or the kind
//! and the file of one's own, `bpf:NAME.o`. Which of ours exist is the business of
//! the probes crate; what file one's own is of, that of who asks for it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A monitor's name: `MECHANISM+SINK`, `none`, which alone has no sink, or `KIND:NAME`
/// for one's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct MonitorName {
    mechanism: String,
    rest: Rest,
}

/// What follows the mechanism or the kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Rest {
    Nothing,
    Sink(String),
    Custom(CustomMonitorKind, String),
}

/// A kind of monitor of one's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomMonitorKind {
    /// A compiled BPF object: `bpf:NAME.o`.
    Bpf,
    /// Rules for auditctl: `audit:NAME.rules`.
    Audit,
    /// A command that is started in the guest: `cmd:NAME`.
    Command,
}

impl CustomMonitorKind {
    /// All of them, in the order of reports.
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

    /// How the name ends.
    pub const fn suffix(self) -> &'static str {
        match self {
            CustomMonitorKind::Bpf => ".o",
            CustomMonitorKind::Audit => ".rules",
            CustomMonitorKind::Command => "",
        }
    }

    /// The kind that `text` begins with, and what follows the `:`.
    pub fn of(text: &str) -> Option<(CustomMonitorKind, &str)> {
        let (prefix, rest) = text.split_once(':')?;
        CustomMonitorKind::ALL.into_iter().find(|kind| kind.prefix() == prefix).map(|kind| (kind, rest))
    }

    /// Whether `name` is one.
    fn names(self, name: &str) -> bool {
        plain_name(name, self.suffix())
    }
}

/// Whether `name` may be that of something of one's own, which ends with `suffix`: it
/// stands in cells, files and commands unquoted.
pub(crate) fn plain_name(name: &str, suffix: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    begins
        && name.chars().all(plain)
        && name.len() <= LONGEST_CUSTOM
        && name.strip_suffix(suffix).is_some_and(|stem| !stem.is_empty())
}

/// No name of one's own is longer.
const LONGEST_CUSTOM: usize = 80;

impl MonitorName {
    /// The monitor that watches nothing: what all others are compared with.
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

    /// Kind and name of one's own, as in `bpf:NAME.o`.
    pub fn custom(&self) -> Option<(CustomMonitorKind, &str)> {
        match &self.rest {
            Rest::Custom(kind, name) => Some((*kind, name)),
            Rest::Nothing | Rest::Sink(_) => None,
        }
    }
}

impl fmt::Display for MonitorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `pad` so that a width given by the caller counts for the whole name.
        match &self.rest {
            Rest::Sink(sink) => f.pad(&format!("{}+{sink}", self.mechanism)),
            Rest::Custom(_, name) => f.pad(&format!("{}:{name}", self.mechanism)),
            Rest::Nothing => f.pad(&self.mechanism),
        }
    }
}

/// The text is not a monitor's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not a monitor's name: {0:?} (expected MECHANISM+SINK, as in bpf-lsm+ringbuf, none, or of one's own \
     bpf:NAME.o, audit:NAME.rules or cmd:NAME, of letters, digits, '.', '_' and '-')"
)]
pub struct NotAMonitor(String);

impl FromStr for MonitorName {
    type Err = NotAMonitor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let no = || NotAMonitor(text.chars().take(80).collect());
        if let Some((kind, name)) = CustomMonitorKind::of(text) {
            let rest = kind.names(name).then(|| Rest::Custom(kind, name.into())).ok_or_else(no)?;
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
            _ => Err(no()),
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
    fn one_s_own_has_a_kind_and_a_file() {
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
        fn any_text_is_read_without_panic(text in ".*") {
            let _ = text.parse::<MonitorName>();
        }

        #[test]
        fn what_is_shown_is_read_again(text in "([a-z0-9-]{1,12}(\\+[a-z0-9-]{1,12})?|bpf:[A-Z_a-z0-9][A-Za-z0-9._-]{0,9}[.]o|audit:[a-z]{1,9}[.]rules|cmd:[a-z][a-z.]{0,9})") {
            let name: MonitorName = text.parse().unwrap();
            prop_assert_eq!(name.to_string(), text);
        }
    }
}
