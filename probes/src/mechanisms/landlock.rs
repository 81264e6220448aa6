//! `landlock`: a sandbox that the worker puts itself into. It allows the files that
//! workloads use, in the ways they use them, and no others.

use hookbench_model::KernelVersion;

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Landlock, INFO, guest::attach);

static INFO: MechanismInfo = MechanismInfo::new(
    "landlock",
    &[SinkInfo::new(
        "fs",
        Watches::Nothing,
        Requires {
            since: KernelVersion::new(5, 13),
            lsm: &["landlock"],
            ..Requires::config(&["CONFIG_SECURITY_LANDLOCK"])
        },
        "rules on files, which allow all that the workload uses",
    )
    .of_a_process()
    .but(&[("mount", "a process with rules on files may not mount, whatever they allow")])],
    "a sandbox that a process puts itself into, by the LSM of that name",
)
.refusing();

#[cfg(feature = "attach")]
mod guest {
    use std::fs::File;
    use std::io;
    use std::process::Command;

    use ::landlock::{
        ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
        RulesetCreatedAttr, RulesetStatus,
    };
    use anyhow::{Context, Result, bail};

    use crate::attach::{AttachRequest, Attached, Error, EventCounts};

    /// The rules of Linux 5.13, the first that has any, so that every kernel gets the same.
    const RIGHTS: ABI = ABI::V1;
    /// Where a command, its libraries and its settings are.
    const PROGRAMS: &[&str] = &["/usr", "/etc"];
    /// Where `unshare` writes its user maps, and where bash looks for its terminal. A
    /// shell that may not look there costs less than one outside the sandbox.
    const WRITTEN: &[&str] = &["/proc", "/dev"];
    /// A file that no rule names: the worker's own program.
    const OUTSIDE: &str = "/init";

    /// A sandbox for the worker.
    struct Sandbox {
        /// The program of `execve-noop`; `None` when the worker is to stay outside.
        noop: Option<&'static str>,
    }

    pub(super) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
        Ok(Box::new(Sandbox { noop: Some(request.noop) }))
    }

    impl Attached for Sandbox {
        fn seen(&mut self) -> Result<EventCounts> {
            Ok(EventCounts::default())
        }

        fn enter(&mut self) -> Result<()> {
            let Some(noop) = self.noop else { return Ok(()) };
            File::open(OUTSIDE).with_context(|| format!("failed to open {OUTSIDE} before the sandbox"))?;
            restrict(noop).context("failed to enter a Landlock sandbox")?;
            match File::open(OUTSIDE) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                other => bail!("the sandbox did not refuse to open {OUTSIDE}: {other:?}"),
            }
            let ended = Command::new(noop).env_clear().status();
            let ended = ended.with_context(|| format!("failed to execute {noop} inside the sandbox"))?;
            if !ended.success() {
                bail!("{noop} ended inside the sandbox with {ended}");
            }
            Ok(())
        }

        fn detach(&mut self) -> Result<()> {
            // A process cannot leave a sandbox; one that is not in it yet stays outside.
            self.noop = None;
            Ok(())
        }
    }

    fn restrict(noop: &str) -> Result<()> {
        let execute = AccessFs::ReadFile | AccessFs::Execute;
        let write = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::WriteFile;
        let rules = [(noop, execute)]
            .into_iter()
            .chain(PROGRAMS.iter().map(|path| (*path, execute | AccessFs::ReadDir)))
            .chain(WRITTEN.iter().map(|path| (*path, write)));
        let rules = rules.map(|(path, rights)| {
            let beneath = PathFd::new(path).with_context(|| format!("failed to open {path}"))?;
            anyhow::Ok(PathBeneath::new(beneath, rights))
        });
        let restricted = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(RIGHTS))?
            .create()?
            .add_rules(rules)?
            // With CAP_SYS_ADMIN a process needs no no_new_privs, which would change more.
            .no_new_privs(false)
            .restrict_self()?;
        match restricted.ruleset {
            RulesetStatus::FullyEnforced => Ok(()),
            other => bail!("the kernel does not fully enforce the rules: {other:?}"),
        }
    }
}
