//! How fast policies come and go: guests that time one each.

use anyhow::Result;
use hookbench_scenarios::PolicyName;
use hookbench_scenarios::exchange::{MITIGATE, MitigateAnswer, MitigateOrder, Mitigated};

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
}
