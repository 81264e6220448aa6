//! A run: the measurements of a plan with their environment.

use serde::{Deserialize, Serialize};

use crate::{Environment, ScenarioCell, Shard};
use hookbench_model::{Cell, Measurement};

/// The version of the `run.json` format that hookbench writes.
pub const SCHEMA: u32 = 1;

/// The measurements of a plan, in the canonical order of the plan. The order in which the
/// cells ran does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Run {
    /// The version of this format.
    pub schema: u32,
    /// The plan's name: `quick`, `custom`, or its file.
    pub plan: String,
    /// The part of the plan that this run measured, if the plan was split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<Shard>,
    /// What can change the numbers.
    pub environment: Environment,
    /// One measurement per planned cell.
    pub measurements: Vec<Measurement>,
    /// The cells of scenarios, if the run tried some.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<ScenarioCell>,
}

impl Run {
    /// Finds the measurement of `cell`.
    pub fn find(&self, cell: &Cell) -> Option<&Measurement> {
        self.measurements.iter().find(|measurement| &measurement.cell == cell)
    }

    /// Finds the cell of scenarios with these names.
    pub fn find_scenario(&self, kernel: &str, scenario: &str, policy: &str) -> Option<&ScenarioCell> {
        let names = (kernel, scenario, policy);
        self.scenarios.iter().find(|cell| (&*cell.kernel, &*cell.scenario, &*cell.policy) == names)
    }

    /// Counts the cells with the outcome `word`.
    pub fn count(&self, word: &str) -> usize {
        self.measurements.iter().filter(|m| m.outcome.word() == word).count()
    }
}
