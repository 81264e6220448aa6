//! A run: the measurements of a plan, with the environment that made them.

use serde::{Deserialize, Serialize};

use crate::{Environment, Shard};
use hookbench_model::{Cell, Measurement};

/// The version of `run.json` that this code writes.
pub const SCHEMA: u32 = 1;

/// The measurements of a plan. Their order is the plan's canonical one,
/// whatever the order in which cells ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Run {
    /// The version of this format.
    pub schema: u32,
    /// The plan's name: `quick`, `custom`, or its file.
    pub plan: String,
    /// Which part of the plan this is, when others have the rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// What made the numbers.
    pub environment: Environment,
    /// One per planned cell.
    pub measurements: Vec<Measurement>,
}

impl Run {
    /// The measurement of `cell`.
    pub fn find(&self, cell: &Cell) -> Option<&Measurement> {
        self.measurements.iter().find(|measurement| &measurement.cell == cell)
    }

    /// How many cells ended with `word`.
    pub fn count(&self, word: &str) -> usize {
        self.measurements.iter().filter(|m| m.outcome.word() == word).count()
    }
}
