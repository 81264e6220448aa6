//! A replacement of a kernel function, by livepatch, which refuses: hookbench's own module `hookbench-refuse`. It has no
//! records.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{Attach, Attached};
use crate::modules::{self, REFUSE};
use crate::policy_file::livepatch::parameters;
use crate::scenario::Need;
use crate::subject::Subject;

/// The kernel's name of the module.
const NAME: &str = "hookbench_refuse";
/// Where the kernel shows the patch.
const PATCH: &str = "/sys/kernel/livepatch/hookbench_refuse";
/// How often to look whether all tasks have changed over, every 20 ms; the kernel looks once a second.
const LOOKS: u32 = 500;

/// A patch that all tasks have.
struct Patch {
    names: Vec<String>,
}

/// Replaces the function of `subject`.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn attach(subject: &Subject) -> Result<Attach> {
    let Some(replaced) = subject.scenario.replaced else {
        return Ok(Attach::Unsupported("no function is known whose replacement would refuse that".into()));
    };
    if !Path::new("/sys/kernel/livepatch").exists() {
        return Ok(Attach::Unsupported("this kernel has no livepatch".into()));
    }
    if let Some(why) = modules::lack(Need::BuiltModule(REFUSE)) {
        return Ok(Attach::Unsupported(why));
    }
    let options = format!("{} spared={}", parameters(subject, replaced), std::process::id());
    modules::load_file(REFUSE, &options)
        .with_context(|| format!("failed to load {REFUSE} with {options}"))?;
    let patch = Patch { names: vec![format!("replaces {}", replaced.function)] };
    let is_over = || fs::read_to_string(format!("{PATCH}/transition")).is_ok_and(|on| on == "0\n");
    ensure!(wait_until(is_over), "some tasks still have the function {}", replaced.function);
    Ok(Attach::Attached(Box::new(patch)))
}

fn wait_until(is: impl Fn() -> bool) -> bool {
    (0..LOOKS).any(|_| {
        let is = is();
        if !is {
            std::thread::sleep(Duration::from_millis(20));
        }
        is
    })
}

/// Gives all tasks the original again, and unloads the module.
fn undo() -> io::Result<()> {
    fs::write(format!("{PATCH}/enabled"), "0")?;
    wait_until(|| !Path::new(PATCH).exists());
    modules::unload(NAME)
}

impl Attached for Patch {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &[]
    }
}

impl Drop for Patch {
    fn drop(&mut self) {
        // An error cannot be reported here; a guest ends with its cell.
        let _ = undo();
    }
}
