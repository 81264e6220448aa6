//! Cells of scenarios: what became of the ways of one scenario under one policy on one kernel. What a cell means is the
//! business of the crate `analysis`.

use std::fmt;

use hookbench_model::Failure;
use hookbench_scenarios::exchange::{Tried, Tries};
use serde::{Deserialize, Serialize};

/// The name of the policy under which nothing watches.
pub const NO_POLICY: &str = "none";

/// A cell of scenarios and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScenarioCell {
    /// The kernel, by its name.
    pub kernel: String,
    /// The scenario: `userns`.
    pub scenario: String,
    /// The policy with its grade: `bpf-lsm+deny[complete]`.
    pub policy: String,
    /// How it ended.
    pub outcome: ScenarioOutcome,
}

/// How a cell of scenarios ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ScenarioOutcome {
    /// The ways were tried.
    Tried(Tried),
    /// The kernel cannot have the policy, for this reason.
    Unsupported(String),
    /// It should have worked.
    Failed(Failure),
}

impl ScenarioCell {
    /// What became of the ways, if they were tried.
    pub fn tried(&self) -> Option<&Tried> {
        match &self.outcome {
            ScenarioOutcome::Tried(tried) => Some(tried),
            ScenarioOutcome::Unsupported(_) | ScenarioOutcome::Failed(_) => None,
        }
    }

    /// What became of `way`, if it was tried.
    pub fn way(&self, way: &str) -> Option<&Tries> {
        self.tried()?.ways.iter().find(|tries| tries.way == way)
    }

    /// Whether nothing watches in this cell.
    pub fn is_none(&self) -> bool {
        self.policy == NO_POLICY
    }

    /// Whether the other cell has the same name.
    pub fn is_same(&self, other: &ScenarioCell) -> bool {
        (&self.kernel, &self.scenario, &self.policy) == (&other.kernel, &other.scenario, &other.policy)
    }
}

impl fmt::Display for ScenarioCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kernel, self.scenario, self.policy)
    }
}

impl ScenarioOutcome {
    /// The name used everywhere.
    pub fn word(&self) -> &'static str {
        match self {
            ScenarioOutcome::Tried(_) => "tried",
            ScenarioOutcome::Unsupported(_) => "unsupported",
            ScenarioOutcome::Failed(_) => "failed",
        }
    }

    /// Why the ways were not tried; empty if they were.
    pub fn reason(&self) -> &str {
        match self {
            ScenarioOutcome::Tried(_) => "",
            ScenarioOutcome::Unsupported(why) => why,
            ScenarioOutcome::Failed(failure) => &failure.message,
        }
    }
}
