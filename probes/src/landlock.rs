//! `landlock`: a sandbox that the worker puts itself into. Inside, the files that
//! workloads use are allowed as they use them, and no others.

use hookbench_model::KernelVersion;

use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Landlock;

static INFO: MechanismInfo = MechanismInfo {
    name: "landlock",
    sinks: &[SinkInfo::new(
        "fs",
        Watches::Nothing,
        Requires {
            since: KernelVersion::new(5, 13),
            lsm: &["landlock"],
            ..Requires::config(&["CONFIG_SECURITY_LANDLOCK"])
        },
        "rules on files; the workload's own are all allowed",
    )
    .of_a_process()],
    about: "a process's own sandbox, by the LSM of that name",
};

impl Mechanism for Landlock {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(
        &self,
        request: &crate::attach::Request,
    ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
        Ok(Box::new(guest::Sandbox { noop: Some(request.noop) }))
    }
}

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
    use hookbench_model::Behaviour;

    use crate::attach::{Attached, Seen};

    /// The same rules on each kernel that has any: those of the first, of 5.13.
    const RIGHTS: ABI = ABI::V1;
    /// Where a command, its libraries and its settings are.
    const PROGRAMS: &[&str] = &["/usr", "/etc"];
    /// What `unshare` writes its maps of users to, and where bash looks for its
    /// terminal: a shell that may not look costs less than one outside.
    const WRITTEN: &[&str] = &["/proc", "/dev"];
    /// A file of which none of the rules speaks: the worker's own program.
    const OUTSIDE: &str = "/init";

    /// A sandbox for the worker.
    pub(super) struct Sandbox {
        /// The program of `execve-noop`; `None` when the worker is to stay outside.
        pub(super) noop: Option<&'static str>,
    }

    impl Attached for Sandbox {
        fn seen(&mut self, _: &Behaviour) -> Result<Seen> {
            Ok(Seen::default())
        }

        fn enter(&mut self) -> Result<()> {
            let Some(noop) = self.noop else { return Ok(()) };
            File::open(OUTSIDE).with_context(|| format!("failed to open {OUTSIDE} before the sandbox"))?;
            restrict(noop).context("failed to enter a Landlock sandbox")?;
            match File::open(OUTSIDE) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
                other => bail!("opening {OUTSIDE} inside the sandbox is not refused: {other:?}"),
            }
            let ended = Command::new(noop).env_clear().status();
            let ended = ended.with_context(|| format!("failed to execute {noop} inside the sandbox"))?;
            if !ended.success() {
                bail!("{noop} ended inside the sandbox with {ended}");
            }
            Ok(())
        }

        fn detach(&mut self) -> Result<()> {
            // Nobody leaves a sandbox; who is not in it yet stays outside.
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
            // Who has CAP_SYS_ADMIN can do without, and then nothing else changes.
            .no_new_privs(false)
            .restrict_self()?;
        match restricted.ruleset {
            RulesetStatus::FullyEnforced => Ok(()),
            other => bail!("the kernel enforces the rules otherwise than asked: {other:?}"),
        }
    }
}
