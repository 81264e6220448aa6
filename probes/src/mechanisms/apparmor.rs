//! `apparmor`: the security module, without a profile, and with a profile that allows
//! everything and records each execve.

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Apparmor, INFO, guest::attach);

/// The compiled profile, which is part of the image.
const PROFILE: &str = "/policy/apparmor";

const REQUIRES: Requires = Requires {
    lsm: &["apparmor"],
    boot: &["apparmor=1"],
    ..Requires::config(&["CONFIG_SECURITY_APPARMOR", "CONFIG_AUDIT"])
};

/// Rules on user namespaces need Linux 6.7 and a compiler newer than Debian 12's.
/// `apparmor_file_mprotect` only looks at mapped files that become executable.
const BLIND_TO: &[(&str, &str)] = &[
    ("userns", "the profile is compiled by AppArmor 3.0, which has no rules on user namespaces"),
    ("mprotect", "AppArmor looks at an mprotect only when it makes a mapped file executable"),
];

static INFO: MechanismInfo = MechanismInfo::new(
    "apparmor",
    &[
        SinkInfo::new("idle", Watches::Nothing, REQUIRES, "in the boot line, without a profile"),
        SinkInfo::new(
            "profile",
            Watches::LsmHook,
            Requires { policy: Some(PROFILE), ..REQUIRES },
            "the worker runs in a profile that allows everything and records each execve; a reader reads \
             the records",
        )
        .of_a_process()
        .but(BLIND_TO)
        .only(&["exec"]),
    ],
    "AppArmor: profiles of what programs may do, by path",
)
.refusing()
.permanent();

#[cfg(feature = "attach")]
mod guest {
    use std::fs;

    use anyhow::{Context, Result, bail};

    use super::PROFILE;
    use crate::attach::avc::{AvcReader, RecordMark};
    use crate::attach::{AttachRequest, Attached, Blind, Error, EventCounts, lsm};

    const LOAD: &str = "/sys/kernel/security/apparmor/.load";
    /// Where a task changes its profile: since 5.8, and before.
    const CURRENT: &[&str] = &["/proc/self/attr/apparmor/current", "/proc/self/attr/current"];
    const PROFILE_NAME: &str = "hookbench";

    const MARKS: &[RecordMark] =
        &[RecordMark { behaviour: "exec", words: &["apparmor=\"AUDIT\"", "operation=\"exec\""] }];

    pub(super) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
        lsm::require_active("apparmor")?;
        if request.sink == "idle" {
            return Ok(Box::new(Blind));
        }
        let profile = fs::read(PROFILE).with_context(|| format!("failed to read {PROFILE}"))?;
        fs::write(LOAD, profile).with_context(|| format!("failed to load {PROFILE} by {LOAD}"))?;
        Ok(Box::new(Profile(AvcReader::start(request, MARKS)?)))
    }

    /// The worker changes into the profile.
    struct Profile(AvcReader);

    impl Attached for Profile {
        fn seen(&mut self) -> Result<EventCounts> {
            self.0.seen()
        }

        fn enter(&mut self) -> Result<()> {
            let file = CURRENT.iter().find(|file| fs::metadata(file).is_ok()).unwrap_or(&CURRENT[0]);
            fs::write(file, format!("changeprofile {PROFILE_NAME}"))
                .with_context(|| format!("failed to change into the profile by {file}"))?;
            let current = fs::read_to_string(file).with_context(|| format!("failed to read {file}"))?;
            if !current.starts_with(PROFILE_NAME) {
                bail!("changed into the profile {PROFILE_NAME}, but is in {:?}", current.trim());
            }
            Ok(())
        }

        fn detach(&mut self) -> Result<()> {
            self.0.detach()
        }
    }
}
