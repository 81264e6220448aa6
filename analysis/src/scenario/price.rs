//! What a policy costs: the neighbour that it costs most stands for a cell.

use hookbench_scenarios::exchange::{Cost, Price};

use super::CellVerdicts;

impl<'r> CellVerdicts<'r> {
    /// The allowed neighbour that the policy costs most instructions; the first of several, `None` if no price is known.
    pub fn costliest(&self) -> Option<(&'r str, &'r Cost)> {
        let known = self.tried.prices.iter().filter_map(|price| Some((&*price.way, price.cost.as_ref()?)));
        known.rev().max_by_key(|(_, cost)| cost.parts.direct_p50)
    }

    /// What the policy costs the neighbour `way`, if it was to be priced.
    pub fn price(&self, way: &str) -> Option<&'r Price> {
        self.tried.prices.iter().find(|price| price.way == way)
    }
}
