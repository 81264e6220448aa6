//! `selinux`: the security module, without a policy and with a small one that
//! lets everything pass and records what is watched.

use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Selinux;

const REQUIRES: Requires = Requires {
    lsm: &["selinux"],
    boot: &["selinux=1", "enforcing=1"],
    ..Requires::config(&["CONFIG_SECURITY_SELINUX", "CONFIG_AUDIT"])
};

/// `selinux_file_mprotect` asks for a permission only with PROT_EXEC.
const BLIND_TO: &[(&str, &str)] =
    &[("mprotect", "SELinux looks at an mprotect only when it makes memory executable")];

static INFO: MechanismInfo = MechanismInfo {
    name: "selinux",
    sinks: &[
        SinkInfo::new("idle", Watches::Nothing, REQUIRES, "in the boot line, without a policy"),
        SinkInfo::new(
            "policy",
            Watches::LsmHook,
            REQUIRES,
            "a policy that allows everything and records the behaviour, and a reader of the records",
        )
        .but(BLIND_TO),
    ],
    about: "SELinux: labels and a policy of what they may do",
};

impl Mechanism for Selinux {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(
        &self,
        request: &crate::attach::Request,
    ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
        guest::attach(request)
    }
}

#[cfg(feature = "attach")]
mod guest {
    use std::fs;

    use anyhow::{Context, Result, bail};

    use crate::attach::avc::{self, Mark};
    use crate::attach::{Attached, Blind, Error, Request, lsm};

    const POLICY: &str = "/policy/selinux";
    const SELINUXFS: &str = "/sys/fs/selinux";

    /// What a record of each behaviour holds.
    const MARKS: &[Mark] = &[
        Mark { behaviour: "exec", words: &["granted", "{ execute_no_trans }"] },
        Mark { behaviour: "exec", words: &["granted", "{ transition }"] },
        Mark { behaviour: "userns", words: &["granted", "{ create }", "tclass=user_namespace"] },
    ];

    pub(super) fn attach(request: &Request) -> Result<Box<dyn Attached>, Error> {
        lsm::named("selinux")?;
        if request.sink == "idle" {
            return Ok(Box::new(Blind));
        }
        load()?;
        Ok(Box::new(avc::Records::read(request, MARKS)?))
    }

    /// Loads the policy, which the kernel then enforces.
    fn load() -> Result<()> {
        lsm::mount("selinuxfs", SELINUXFS)?;
        let policy = fs::read(POLICY).with_context(|| format!("failed to read {POLICY}"))?;
        let load = format!("{SELINUXFS}/load");
        fs::write(&load, policy).with_context(|| format!("failed to load {POLICY} by {load}"))?;
        let enforce = format!("{SELINUXFS}/enforce");
        let enforced = fs::read_to_string(&enforce).with_context(|| format!("failed to read {enforce}"))?;
        if enforced.trim() != "1" {
            bail!("the policy was loaded and is not enforced");
        }
        Ok(())
    }
}
