//! How fast policies come and go, and who may attach them: a guest for each.

use hookbench_scenarios::PolicyName;
use hookbench_scenarios::exchange::{Answer, MITIGATE, Mitigated, PRIVILEGE, PolicyOrder, PrivilegeTry};
use serde::de::DeserializeOwned;

use super::ScenarioSession;
use super::cell::{Ended, ScenarioCell};

impl ScenarioSession {
    /// Times `policy` on `kernel`.
    pub fn mitigate(&self, kernel: &str, policy: PolicyName) -> Ended<Mitigated> {
        self.about_policy(kernel, policy, MITIGATE)
    }

    /// Finds out which capabilities `policy` needs on `kernel`.
    pub fn privilege(&self, kernel: &str, policy: PolicyName) -> Ended<Vec<PrivilegeTry>> {
        self.about_policy(kernel, policy, PRIVILEGE)
    }

    /// Has a guest find something out about a policy.
    fn about_policy<T: DeserializeOwned>(&self, kernel: &str, policy: PolicyName, what: &str) -> Ended<T> {
        let order = PolicyOrder { policy: policy.to_string() };
        let asked = super::userns().and_then(|scenario| {
            self.ask::<Answer<T>>(ScenarioCell { kernel, scenario, policy }, &[what], &order)
        });
        asked.map_or_else(|error| Ended::prevented(&error), Ended::flatten)
    }
}
