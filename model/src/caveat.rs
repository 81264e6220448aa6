//! Why a number is not simply that of the monitor which the user named. hookbench keeps such a number, but never
//! shows it as a plain measurement.

use serde::{Deserialize, Serialize};

/// A reason for not taking a number at face value. Only custom monitors have any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Caveat {
    /// Only a part of the monitor was at work; which part, and why.
    Partial(String),
    /// Nothing shows that the monitor was at work; what hookbench looked for.
    Unproven(String),
}

impl Caveat {
    /// The reason, as one line.
    pub fn reason(&self) -> &str {
        match self {
            Caveat::Partial(why) | Caveat::Unproven(why) => why,
        }
    }

    /// Whether nothing shows that the monitor was at work.
    pub const fn is_unproven(&self) -> bool {
        matches!(self, Caveat::Unproven(_))
    }
}
