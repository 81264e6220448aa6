//! `apparmor`: the security module, without a profile and with one that lets
//! everything pass and records each execve.

use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Apparmor;

const REQUIRES: Requires = Requires {
    lsm: &["apparmor"],
    boot: &["apparmor=1"],
    ..Requires::config(&["CONFIG_SECURITY_APPARMOR", "CONFIG_AUDIT"])
};

/// Rules on user namespaces came with 6.7, and with a compiler newer than Debian 12's;
/// `apparmor_file_mprotect` looks at mappings of files that become executable.
const BLIND_TO: &[(&str, &str)] = &[
    ("userns", "the profile is compiled by AppArmor 3.0, which has no rules on user namespaces"),
    ("mprotect", "AppArmor looks at an mprotect only when it makes a mapped file executable"),
];

static INFO: MechanismInfo = MechanismInfo {
    name: "apparmor",
    sinks: &[
        SinkInfo::new("idle", Watches::Nothing, REQUIRES, "in the boot line, without a profile"),
        SinkInfo::new(
            "profile",
            Watches::LsmHook,
            REQUIRES,
            "the worker in a profile that allows everything and records each execve, and a reader of the \
             records",
        )
        .of_a_process()
        .but(BLIND_TO),
    ],
    about: "AppArmor: profiles of what programs may do, by path",
};

impl Mechanism for Apparmor {
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
    use hookbench_model::Behaviour;

    use crate::attach::avc::{Mark, Records};
    use crate::attach::{Attached, Blind, Error, Request, Seen, lsm};

    const PROFILE: &str = "/policy/apparmor";
    const LOAD: &str = "/sys/kernel/security/apparmor/.load";
    /// Where a task asks for its profile: since 5.8, and before.
    const CURRENT: &[&str] = &["/proc/self/attr/apparmor/current", "/proc/self/attr/current"];
    /// The profile's name.
    const NAME: &str = "hookbench";

    const MARKS: &[Mark] =
        &[Mark { behaviour: "exec", words: &["apparmor=\"AUDIT\"", "operation=\"exec\""] }];

    pub(super) fn attach(request: &Request) -> Result<Box<dyn Attached>, Error> {
        lsm::named("apparmor")?;
        if request.sink == "idle" {
            return Ok(Box::new(Blind));
        }
        let profile = fs::read(PROFILE).with_context(|| format!("failed to read {PROFILE}"))?;
        fs::write(LOAD, profile).with_context(|| format!("failed to load {PROFILE} by {LOAD}"))?;
        Ok(Box::new(Profile(Records::read(request, MARKS)?)))
    }

    /// The worker changes into the profile.
    struct Profile(Records);

    impl Attached for Profile {
        fn seen(&mut self, behaviour: &Behaviour) -> Result<Seen> {
            self.0.seen(behaviour)
        }

        fn enter(&mut self) -> Result<()> {
            let file = CURRENT.iter().find(|file| fs::metadata(file).is_ok()).unwrap_or(&CURRENT[0]);
            fs::write(file, format!("changeprofile {NAME}"))
                .with_context(|| format!("failed to change into the profile by {file}"))?;
            let current = fs::read_to_string(file).with_context(|| format!("failed to read {file}"))?;
            if !current.starts_with(NAME) {
                bail!("changed into the profile {NAME} and is in {:?}", current.trim());
            }
            Ok(())
        }

        fn detach(&mut self) -> Result<()> {
            self.0.detach()
        }
    }
}
