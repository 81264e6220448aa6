//! Which cells rehearse. Cells of one scenario that have equal guests until their policies are attached are copies of one
//! machine, which rehearses all ways for them. The guest of any other cell would rehearse for itself alone.

use anyhow::Result;
use hookbench_scenarios::{PolicyName, policy_source};

use super::ScenarioSession;
use super::cell::ScenarioCell;

/// From so many cells on, a rehearsal saves more than it takes.
const WORTH_REHEARSING: usize = 3;

impl ScenarioSession {
    /// Whether the guest of `cell` rehearses. The policies that a run selects do not matter, nor how guests begin: equal
    /// cells give equal bytes.
    ///
    /// # Errors
    /// When the kernel's configuration cannot be read.
    pub(super) fn rehearses(&self, cell: ScenarioCell<'_>) -> Result<bool> {
        if has_own_files(cell) {
            return Ok(false);
        }
        let boot_line = self.boot_line(cell)?;
        let mut others = 0;
        for policy in PolicyName::all() {
            let other = ScenarioCell { policy, ..cell };
            if !has_own_files(other) && self.boot_line(other)? == boot_line {
                others += 1;
            }
        }
        Ok(others >= WORTH_REHEARSING)
    }

    /// Stands for the machine of `cell` when it has booted. Cells that have none come together.
    pub fn boots(&self, cell: ScenarioCell<'_>) -> String {
        let boot_line = self.boot_line(cell).ok().and_then(Result::ok);
        boot_line.unwrap_or_default()
    }

    /// The boot line of the guest of `cell`; the inner error says why it has none.
    fn boot_line(&self, cell: ScenarioCell<'_>) -> Result<Result<String, String>> {
        self.guests().boot_line(&cell.boots_as()?, cell.policy.policy.words())
    }
}

/// Whether the guest of `cell` gets files that those of other policies do not get.
fn has_own_files(cell: ScenarioCell<'_>) -> bool {
    !cell.policy.policy.needs().is_empty() || policy_source(cell.scenario, cell.policy, false).is_some()
}
