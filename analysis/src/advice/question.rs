//! What the user asks: which scenarios to watch and to deny, on which kernels, at which cost.

use serde::Serialize;

use super::cost::MaxCost;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Question {
    /// The kernels, by their names.
    pub kernels: Vec<String>,
    /// The goals, one for each scenario.
    pub goals: Vec<Goal>,
    /// The largest cost of a policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<MaxCost>,
}

/// What a policy has to do about a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Goal {
    /// The scenario: `userns`.
    pub scenario: String,
    /// Whether it has to see every way.
    pub watch: bool,
    /// Whether it has to stop every way before its effect.
    pub deny: bool,
}

impl Goal {
    /// The goals for these scenarios, in the order in which they are named. A scenario in both lists is one goal.
    pub fn all(watch: &[String], deny: &[String]) -> Vec<Goal> {
        let mut goals: Vec<Goal> = Vec::new();
        for scenario in watch.iter().chain(deny) {
            if !goals.iter().any(|goal| goal.scenario == *scenario) {
                goals.push(Goal {
                    scenario: scenario.clone(),
                    watch: watch.contains(scenario),
                    deny: deny.contains(scenario),
                });
            }
        }
        goals
    }

    /// What has to be done: `watch and deny`.
    pub fn verbs(&self) -> &'static str {
        match (self.watch, self.deny) {
            (true, true) => "watch and deny",
            (false, true) => "deny",
            _ => "watch",
        }
    }
}
