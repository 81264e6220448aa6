//! `livepatch`: functions replaced by a kernel module through livepatch. The replacement
//! counts and does what the original does.

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Livepatch, INFO, guest::attach);

static INFO: MechanismInfo = MechanismInfo::new(
    "livepatch",
    &[SinkInfo::new(
        "replace",
        Watches::Function,
        Requires::module("hookbench-livepatch", &["CONFIG_MODULES", "CONFIG_LIVEPATCH", "CONFIG_KPROBES"]),
        "a replacement counts and continues in the original",
    )],
    "functions replaced by livepatch",
);

#[cfg(feature = "attach")]
mod guest {
    use std::fs;
    use std::path::Path;
    use std::time::Duration;

    use anyhow::{Context, Result, bail};

    use crate::attach::kmod::{self, KernelModule};
    use crate::attach::{AttachRequest, Attached, Error, EventCounts};

    /// Where the kernel shows the patch.
    const PATCH: &str = "/sys/kernel/livepatch/hookbench_livepatch";
    /// Between two looks at whether all tasks have switched to the patch; the kernel
    /// itself looks once a second.
    const LOOK: Duration = Duration::from_millis(20);
    const LOOKS: u32 = 500;

    pub(super) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
        Ok(Box::new(Patch::apply(request)?))
    }

    /// A patch that all tasks have switched to.
    struct Patch(KernelModule);

    impl Patch {
        fn apply(request: &AttachRequest) -> Result<Patch, Error> {
            let patch = Patch(kmod::at_function("hookbench-livepatch", request)?);
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
            bail!("failed to {what} a livepatch: some task stays in a function that it replaces")
        }
    }

    impl Attached for Patch {
        fn seen(&mut self) -> Result<EventCounts> {
            self.0.seen()
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
            // An error cannot be reported here; a guest ends with its cell.
            let _ = self.detach();
        }
    }
}
