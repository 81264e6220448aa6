//! A workload's parameters as a cell carries them: names and values in the
//! order of the names. Which exist, and what they may be, a workload says.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Parameters by name; shown and read as `env_pages=4 ld_preload=ignored`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// No parameters.
    pub const NONE: &Params = &Params(BTreeMap::new());

    /// The value of `name`, if it is given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets `name` to `value`.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// All pairs, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs: Vec<String> = self.iter().map(|(name, value)| format!("{name}={value}")).collect();
        f.pad(&pairs.join(" "))
    }
}

/// The text is not a list of `name=value`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a parameter: {0:?} (expected NAME=VALUE)")]
pub struct NotAParam(String);

impl FromStr for Params {
    type Err = NotAParam;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut params = Self::default();
        for pair in text.split_whitespace() {
            match pair.split_once('=') {
                Some((name, value)) if !name.is_empty() && !value.is_empty() => params.set(name, value),
                _ => return Err(NotAParam(pair.chars().take(80).collect())),
            }
        }
        Ok(params)
    }
}

impl FromIterator<(String, String)> for Params {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in ".*") {
            let _ = text.parse::<Params>();
        }

        #[test]
        fn what_is_shown_is_read_again(
            pairs in proptest::collection::btree_map("[a-z_]{1,9}", "[a-z0-9.]{1,9}", 0..5)
        ) {
            let params: Params = pairs.into_iter().collect();
            prop_assert_eq!(params.to_string().parse(), Ok(params));
        }
    }
}
