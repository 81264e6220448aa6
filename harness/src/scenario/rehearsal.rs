//! Which cells rehearse. Cells of one scenario that have equal guests until their policies are attached are copies of one
//! machine, which rehearses all ways for them. The guest of any other cell would rehearse for itself alone.

use anyhow::Result;
use hookbench_scenarios::exchange::Setting;
use hookbench_scenarios::{PolicyName, policy_source};

use super::ScenarioSession;
use super::cell::ScenarioCell;

/// From so many cells on, a rehearsal saves more than it takes.
const WORTH_REHEARSING: usize = 3;

/// The policies that machines attach and remove before they rehearse, if they may have them: one for each kind of BPF
/// program that many policies load. QEMU has then translated the kernel's verifier.
const ATTACHED: [&str; 2] = ["tracepoint+watch", "bpf-lsm+watch"];

impl ScenarioSession {
    /// What the guest of `cell` sets up, with a custom way or without. The policies that a run selects do not matter, nor
    /// how guests begin: equal cells give equal bytes.
    ///
    /// # Errors
    /// When the kernel's configuration cannot be read.
    pub(super) fn setting(&self, cell: ScenarioCell<'_>, is_custom: bool) -> Result<Setting> {
        let mut setting =
            Setting { scenario: cell.scenario.name.into(), rehearses: false, attaches: Vec::new() };
        // What a custom way leaves behind is not known.
        if is_custom || has_own_files(cell) {
            return Ok(setting);
        }
        let boot_line = self.boot_line(cell)?;
        let mut names = Vec::new();
        for policy in PolicyName::all() {
            let other = ScenarioCell { policy, ..cell };
            if !has_own_files(other) && self.boot_line(other)? == boot_line {
                names.push(policy.to_string());
            }
        }
        if names.len() >= WORTH_REHEARSING {
            setting.rehearses = true;
            setting.attaches = names.into_iter().filter(|name| ATTACHED.contains(&&**name)).collect();
        }
        Ok(setting)
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
