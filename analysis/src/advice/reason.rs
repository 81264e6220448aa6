//! Why a policy does not qualify.

use serde::Serialize;

/// A reason. A policy that does not qualify may have several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// The kernel cannot have it, for this reason.
    Unsupported(String),
    /// Its cell failed, for this reason.
    Failed(String),
    /// It was tried, and there is no verdict: its cell under `none` is missing or failed.
    NoVerdict,
    /// It stops ways, and the goal is only to see them.
    Stops,
    /// It only watches, and the goal is to stop ways.
    OnlyWatches,
    /// It keeps no records, and the goal is to see ways.
    NoRecords,
    /// It does not see ways.
    NotSeen {
        /// The verdict on them: `missed`, `blank`, `wrong object`, `wrong name`.
        verdict: String,
        /// The ways.
        ways: Vec<String>,
    },
    /// It does not stop ways.
    NotStopped {
        /// The verdict on them: `not stopped`, `killed after`.
        verdict: String,
        /// The ways.
        ways: Vec<String>,
    },
    /// Nothing can be said about these ways.
    Unjudged {
        /// The ways.
        ways: Vec<String>,
    },
    /// It stops allowed neighbours.
    Breaks {
        /// The neighbours.
        ways: Vec<String>,
    },
    /// It costs more than it may.
    TooExpensive,
    /// There is a largest cost, and its cost was not measured, or only a part of it.
    CostUnknown,
}

impl Reason {
    /// Whether the policy was not judged by its ways: it is of the wrong kind, or there are no verdicts.
    pub fn rules_out(&self) -> bool {
        match self {
            Reason::Unsupported(_) | Reason::Failed(_) | Reason::NoVerdict | Reason::Stops => true,
            Reason::OnlyWatches
            | Reason::NoRecords
            | Reason::NotSeen { .. }
            | Reason::NotStopped { .. }
            | Reason::Unjudged { .. }
            | Reason::Breaks { .. }
            | Reason::TooExpensive
            | Reason::CostUnknown => false,
        }
    }
}
