//! Costs from runs of scenarios: what the policy itself costs the allowed neighbours of the scenario.

use std::cmp::Reverse;

use hookbench_results::Run;

use super::cost::{Cost, CostOf, CostSource};

/// The costs of policies in runs of scenarios.
#[derive(Debug, Clone, Copy)]
pub struct OfPrices<'r> {
    runs: &'r [Run],
}

impl<'r> OfPrices<'r> {
    /// The costs in `runs`. Those of the first run that has some for a cell count.
    pub fn new(runs: &'r [Run]) -> OfPrices<'r> {
        OfPrices { runs }
    }
}

impl CostSource for OfPrices<'_> {
    fn costs(&self, kernel: &str, scenario: &str, policy: &str) -> Vec<Cost> {
        let of_run = |run: &Run| {
            let cell = run.find_scenario(kernel, scenario, policy)?;
            let known =
                cell.tried()?.prices.iter().filter_map(|price| Some((&price.way, price.cost.as_ref()?)));
            let cost = known.map(|(way, cost)| {
                Cost::new(cost.parts.direct_p50, cost.operation, CostOf::Policy, [format!("{cell}/{way}")])
            });
            let mut costs: Vec<Cost> = cost.collect();
            costs.sort_by_key(|cost| Reverse(cost.instructions));
            (!costs.is_empty()).then_some(costs)
        };
        self.runs.iter().find_map(of_run).unwrap_or_default()
    }
}
