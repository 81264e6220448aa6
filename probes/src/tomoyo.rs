//! `tomoyo`: the security module in learning mode: each path that a program is
//! executed by or a file is opened by, once, and a look into what it has learnt each time.

use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Tomoyo;

/// TOMOYO begins to work when the trigger is executed, and executes the loader
/// before; both are the no-op, and the agent writes the policy itself.
const REQUIRES: Requires = Requires {
    lsm: &["tomoyo"],
    boot: &["TOMOYO_trigger=/noop", "TOMOYO_loader=/noop"],
    ..Requires::config(&["CONFIG_SECURITY_TOMOYO"])
};

static INFO: MechanismInfo = MechanismInfo {
    name: "tomoyo",
    sinks: &[SinkInfo::new(
        "learning",
        Watches::Nothing,
        REQUIRES,
        "in learning mode; that it has learnt an execve is checked, events are not counted",
    )],
    about: "TOMOYO Linux: a policy of paths by the history of execves, learnt or written",
};

impl Mechanism for Tomoyo {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(
        &self,
        _: &crate::attach::Request,
    ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
        guest::attach()
    }
}

#[cfg(feature = "attach")]
mod guest {
    use std::fs;
    use std::process::Command;

    use anyhow::{Context, Result, bail};

    use crate::attach::{Attached, Blind, Error, lsm};

    const FOLDER: &str = "/sys/kernel/security/tomoyo";
    const NOOP: &str = "/noop";
    const PROFILE: &str = "PROFILE_VERSION=20150505\n\
        0-COMMENT=hookbench\n\
        0-PREFERENCE={ max_audit_log=0 max_learning_entry=2048 }\n\
        0-CONFIG={ mode=learning grant_log=no reject_log=no }\n";

    pub(super) fn attach() -> Result<Box<dyn Attached>, Error> {
        lsm::named("tomoyo")?;
        let profile = format!("{FOLDER}/profile");
        fs::write(&profile, PROFILE).with_context(|| format!("failed to write {profile}"))?;
        // The first wakes it, the second is learnt.
        for _ in 0..2 {
            let status = Command::new(NOOP).status().with_context(|| format!("failed to execute {NOOP}"))?;
            if !status.success() {
                return Err(anyhow::anyhow!("{NOOP} ended with {status}").into());
            }
        }
        learnt()?;
        Ok(Box::new(Blind))
    }

    fn learnt() -> Result<()> {
        let policy = format!("{FOLDER}/domain_policy");
        let learnt = fs::read_to_string(&policy).with_context(|| format!("failed to read {policy}"))?;
        if !learnt.contains(&format!("file execute {NOOP}")) {
            bail!("TOMOYO was woken and has not learnt that {NOOP} was executed");
        }
        Ok(())
    }
}
