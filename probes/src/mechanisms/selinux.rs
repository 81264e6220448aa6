//! `selinux`: the security module, without a policy, and with a small policy that allows
//! everything and records the watched behaviours.

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Selinux, INFO, guest::attach);

/// The compiled policy, which is part of the image.
const POLICY: &str = "/policy/selinux";

const REQUIRES: Requires = Requires {
    lsm: &["selinux"],
    boot: &["selinux=1", "enforcing=1"],
    ..Requires::config(&["CONFIG_SECURITY_SELINUX", "CONFIG_AUDIT"])
};

/// `selinux_file_mprotect` only checks a permission with PROT_EXEC.
const BLIND_TO: &[(&str, &str)] =
    &[("mprotect", "SELinux looks at an mprotect only when it makes memory executable")];

static INFO: MechanismInfo = MechanismInfo::new(
    "selinux",
    &[
        SinkInfo::new("idle", Watches::Nothing, REQUIRES, "in the boot line, without a policy"),
        SinkInfo::new(
            "policy",
            Watches::LsmHook,
            Requires { policy: Some(POLICY), ..REQUIRES },
            "a policy that allows everything and records the behaviour; a reader reads the records",
        )
        .but(BLIND_TO)
        .only(&["exec", "userns"]),
    ],
    "SELinux: labels, and a policy that says what each label may do",
)
.refusing()
.permanent();

#[cfg(feature = "attach")]
mod guest {
    use std::fs;

    use anyhow::{Context, Result, bail};

    use super::POLICY;
    use crate::attach::avc::{AvcReader, RecordMark};
    use crate::attach::{AttachRequest, Attached, Blind, Error, lsm};

    const SELINUXFS: &str = "/sys/fs/selinux";

    /// The words in the record of each behaviour.
    const MARKS: &[RecordMark] = &[
        RecordMark { behaviour: "exec", words: &["granted", "{ execute_no_trans }"] },
        RecordMark { behaviour: "exec", words: &["granted", "{ transition }"] },
        RecordMark { behaviour: "userns", words: &["granted", "{ create }", "tclass=user_namespace"] },
    ];

    pub(super) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
        lsm::require_active("selinux")?;
        if request.sink == "idle" {
            return Ok(Box::new(Blind));
        }
        load_policy()?;
        Ok(Box::new(AvcReader::start(request, MARKS)?))
    }

    /// Loads the policy, which the kernel then enforces.
    fn load_policy() -> Result<()> {
        lsm::mount("selinuxfs", SELINUXFS)?;
        let policy = fs::read(POLICY).with_context(|| format!("failed to read {POLICY}"))?;
        let load = format!("{SELINUXFS}/load");
        fs::write(&load, policy).with_context(|| format!("failed to load {POLICY} by {load}"))?;
        let enforce = format!("{SELINUXFS}/enforce");
        let enforced = fs::read_to_string(&enforce).with_context(|| format!("failed to read {enforce}"))?;
        if enforced.trim() != "1" {
            bail!("{POLICY} was loaded, but the kernel does not enforce it");
        }
        Ok(())
    }
}
