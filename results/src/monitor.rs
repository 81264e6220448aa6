//! The name of a monitor: a mechanism with its sink, `bpf-lsm+ringbuf`.
//! Which monitors exist is the business of the probes crate.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A monitor's name, `MECHANISM+SINK`; `none` alone has no sink.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct MonitorName {
    mechanism: String,
    sink: Option<String>,
}

impl MonitorName {
    /// The monitor that watches nothing: what all others are compared with.
    pub fn none() -> Self {
        Self { mechanism: "none".into(), sink: None }
    }

    /// Whether this is `none`.
    pub fn is_none(&self) -> bool {
        self.sink.is_none() && self.mechanism == "none"
    }

    /// The part before the `+`: `bpf-lsm`.
    pub fn mechanism(&self) -> &str {
        &self.mechanism
    }

    /// The part after the `+`, if there is one: `ringbuf`.
    pub fn sink(&self) -> Option<&str> {
        self.sink.as_deref()
    }
}

impl fmt::Display for MonitorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sink {
            // `pad` so that a width given by the caller counts for the whole name.
            Some(sink) => f.pad(&format!("{}+{sink}", self.mechanism)),
            None => f.pad(&self.mechanism),
        }
    }
}

/// The text is not a monitor's name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a monitor's name: {0:?} (expected MECHANISM+SINK, as in bpf-lsm+ringbuf, or none)")]
pub struct NotAMonitor(String);

impl FromStr for MonitorName {
    type Err = NotAMonitor;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let word = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        match text.split_once('+') {
            Some((mechanism, sink)) if word(mechanism) && word(sink) => {
                Ok(Self { mechanism: mechanism.into(), sink: Some(sink.into()) })
            }
            None if word(text) => Ok(Self { mechanism: text.into(), sink: None }),
            _ => Err(NotAMonitor(text.chars().take(80).collect())),
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

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in ".*") {
            let _ = text.parse::<MonitorName>();
        }

        #[test]
        fn what_is_shown_is_read_again(text in "[a-z0-9-]{1,12}(\\+[a-z0-9-]{1,12})?") {
            let name: MonitorName = text.parse().unwrap();
            prop_assert_eq!(name.to_string(), text);
        }
    }
}
