//! `tomoyo`: the security module in learning mode. It adds each path by which a program
//! is executed or a file is opened to its policy once, and looks the path up each time.

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Tomoyo, INFO, guest::attach);

/// TOMOYO starts when the trigger is executed, and executes the loader before that. Here
/// both are the no-op, and the agent writes the policy itself.
const REQUIRES: Requires = Requires {
    lsm: &["tomoyo"],
    boot: &["TOMOYO_trigger=/noop", "TOMOYO_loader=/noop"],
    ..Requires::config(&["CONFIG_SECURITY_TOMOYO"])
};

static INFO: MechanismInfo = MechanismInfo::new(
    "tomoyo",
    &[SinkInfo::new(
        "learning",
        Watches::Nothing,
        REQUIRES,
        "in learning mode; hookbench checks that it has learnt an execve, and counts no events",
    )],
    "TOMOYO Linux: a policy of paths by history of execves, learnt or written",
)
.refusing()
.permanent();

#[cfg(feature = "attach")]
mod guest {
    use std::fs;
    use std::process::Command;

    use anyhow::{Context, Result, bail};

    use crate::attach::{AttachRequest, Attached, Blind, Error, lsm};

    const FOLDER: &str = "/sys/kernel/security/tomoyo";
    const NOOP: &str = "/noop";
    const PROFILE: &str = "PROFILE_VERSION=20150505\n\
        0-COMMENT=hookbench\n\
        0-PREFERENCE={ max_audit_log=0 max_learning_entry=2048 }\n\
        0-CONFIG={ mode=learning grant_log=no reject_log=no }\n";

    pub(super) fn attach(_: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
        lsm::require_active("tomoyo")?;
        let profile = format!("{FOLDER}/profile");
        fs::write(&profile, PROFILE).with_context(|| format!("failed to write {profile}"))?;
        // The first execve starts TOMOYO; it learns the second.
        for _ in 0..2 {
            let status = Command::new(NOOP).status().with_context(|| format!("failed to execute {NOOP}"))?;
            if !status.success() {
                return Err(anyhow::anyhow!("{NOOP} ended with {status}").into());
            }
        }
        check_learnt()?;
        Ok(Box::new(Blind))
    }

    fn check_learnt() -> Result<()> {
        let policy = format!("{FOLDER}/domain_policy");
        let learnt = fs::read_to_string(&policy).with_context(|| format!("failed to read {policy}"))?;
        if !learnt.contains(&format!("file execute {NOOP}")) {
            bail!("TOMOYO started, but did not learn that {NOOP} was executed");
        }
        Ok(())
    }
}
