//! How fast policies come and go, and who may attach them: a guest for each.

use anyhow::Result;
use hookbench_scenarios::PolicyName;
use hookbench_scenarios::exchange::{
    MITIGATE, MitigateAnswer, MitigateOrder, Mitigated, PRIVILEGE, PrivilegeAnswer, PrivilegeOrder,
    PrivilegeTry,
};

use super::ScenarioSession;
use super::cell::{Ended, ScenarioCell};

impl ScenarioSession {
    /// Times `policy` on `kernel`.
    pub fn mitigate(&self, kernel: &str, policy: PolicyName) -> Ended<Mitigated> {
        self.try_mitigate(kernel, policy).unwrap_or_else(|error| Ended::prevented(&error))
    }

    fn try_mitigate(&self, kernel: &str, policy: PolicyName) -> Result<Ended<Mitigated>> {
        let order = MitigateOrder { policy: policy.to_string() };
        let cell = ScenarioCell { kernel, scenario: super::userns()?, policy };
        Ok(match self.ask(cell, &[MITIGATE], &order)? {
            Ended::Done(MitigateAnswer::Mitigated(mitigated)) => Ended::Done(mitigated),
            Ended::Done(MitigateAnswer::Unsupported(why)) | Ended::Unsupported(why) => {
                Ended::Unsupported(why)
            }
            Ended::Failed(failure) => Ended::Failed(failure),
        })
    }

    /// Finds out which capabilities `policy` needs on `kernel`.
    pub fn privilege(&self, kernel: &str, policy: PolicyName) -> Ended<Vec<PrivilegeTry>> {
        self.try_privilege(kernel, policy).unwrap_or_else(|error| Ended::prevented(&error))
    }

    fn try_privilege(&self, kernel: &str, policy: PolicyName) -> Result<Ended<Vec<PrivilegeTry>>> {
        let order = PrivilegeOrder { policy: policy.to_string() };
        let cell = ScenarioCell { kernel, scenario: super::userns()?, policy };
        Ok(match self.ask(cell, &[PRIVILEGE], &order)? {
            Ended::Done(PrivilegeAnswer::Tried(tries)) => Ended::Done(tries),
            Ended::Done(PrivilegeAnswer::Unsupported(why)) | Ended::Unsupported(why) => {
                Ended::Unsupported(why)
            }
            Ended::Failed(failure) => Ended::Failed(failure),
        })
    }
}
