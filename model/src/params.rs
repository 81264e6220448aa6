//! The parameters in a cell: names and values, sorted by name. Which parameters exist is the
//! business of `param.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Parameters by name. Their text form is `env_pages=4 ld_preload=ignored`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Params(BTreeMap<String, String>);

impl Params {
    /// No parameters.
    pub const NONE: &Params = &Params(BTreeMap::new());

    /// Returns the value of `name`, if it is set.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets `name` to `value`.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// All names and values, sorted by name.
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

/// A part of a text that is not a `name=value`.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a parameter: {0:?}; expected NAME=VALUE")]
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
        fn any_text_parses_without_panic(text in ".*") {
            let _ = text.parse::<Params>();
        }

        #[test]
        fn display_and_parse_round_trip(
            pairs in proptest::collection::btree_map("[a-z_]{1,9}", "[a-z0-9.]{1,9}", 0..5)
        ) {
            let params: Params = pairs.into_iter().collect();
            prop_assert_eq!(params.to_string().parse(), Ok(params));
        }
    }
}
