//! `livepatch`: functions replaced by a kernel module through livepatch. Its one
//! replacement counts and does what the original does.

use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Livepatch;

static INFO: MechanismInfo = MechanismInfo {
    name: "livepatch",
    sinks: &[SinkInfo::new(
        "replace",
        Watches::Function,
        Requires::module("hookbench-livepatch", &["CONFIG_MODULES", "CONFIG_LIVEPATCH", "CONFIG_KPROBES"]),
        "a replacement counts and goes on in the original",
    )],
    about: "functions replaced by livepatch",
};

impl Mechanism for Livepatch {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(
        &self,
        request: &crate::attach::Request,
    ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
        Ok(Box::new(guest::Patch::apply(request)?))
    }
}

#[cfg(feature = "attach")]
mod guest {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use anyhow::{Context, Result, bail};
    use hookbench_model::Behaviour;

    use crate::attach::kmod::{self, Module};
    use crate::attach::{Attached, Error, Request, Seen};

    /// Where the kernel shows the patch.
    const PATCH: &str = "/sys/kernel/livepatch/hookbench_livepatch";
    /// Between two looks whether all tasks have come over; the kernel itself looks
    /// once a second.
    const LOOK: Duration = Duration::from_millis(20);
    const LOOKS: u32 = 500;

    /// A patch that all tasks have come over to.
    pub(super) struct Patch(Module);

    impl Patch {
        pub(super) fn apply(request: &Request) -> Result<Patch, Error> {
            let patch = Patch(kmod::at_functions("hookbench-livepatch", request)?);
            patch.wait("apply", || {
                fs::read_to_string(format!("{PATCH}/transition")).is_ok_and(|on| on == "0\n")
            })?;
            Ok(patch)
        }

        fn wait(&self, what: &str, done: impl Fn() -> bool) -> Result<()> {
            for _ in 0..LOOKS {
                if done() {
                    return Ok(());
                }
                std::thread::sleep(LOOK);
            }
            bail!("failed to {what} a livepatch: some task stays in what it replaces")
        }
    }

    impl Attached for Patch {
        fn seen(&mut self, behaviour: &Behaviour) -> Result<Seen> {
            self.0.seen(behaviour)
        }

        fn detach(&mut self) -> Result<()> {
            if Path::new(PATCH).exists() {
                fs::write(format!("{PATCH}/enabled"), "0").context("failed to disable a livepatch")?;
                self.wait("undo", || !Path::new(PATCH).exists())?;
            }
            self.0.detach()
        }
    }

    impl Drop for Patch {
        fn drop(&mut self) {
            // Nobody is left to tell; a guest ends with its cell.
            let _ = self.detach();
        }
    }
}
