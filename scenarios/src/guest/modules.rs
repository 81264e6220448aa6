//! The kernel modules that ways need: hookbench puts them into the guest, with those that they depend on.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::exchange::MODULES;
use crate::scenario::{Need, Scenario};

/// The file with the names of a module and those that it depends on, which come first: one line for each module.
const ORDER: &str = "order";

/// Loads what the ways of `scenario` need loaded, as far as the guest has it. A way whose module is missing finds
/// that out by itself.
///
/// # Errors
/// When the kernel refuses a module.
pub(super) fn load(scenario: &Scenario) -> Result<()> {
    let needs = scenario.ways.iter().flat_map(|way| way.needs);
    for name in needs.filter_map(|need| match need {
        Need::Loaded(name) => Some(*name),
        Need::ModuleFile(_) | Need::CompressedModuleFile(_) => None,
    }) {
        load_with_others(name)?;
    }
    Ok(())
}

fn load_with_others(name: &str) -> Result<()> {
    let folder = Path::new(MODULES);
    let order = match fs::read_to_string(folder.join(ORDER)) {
        Ok(order) => order,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).context("failed to read the order of modules"),
    };
    let line = order.lines().find(|line| line.split(' ').next_back() == Some(name));
    for module in line.unwrap_or_default().split(' ').filter(|module| !module.is_empty()) {
        let bytes = fs::read(folder.join(format!("{module}.ko")))
            .with_context(|| format!("failed to read the module {module}"))?;
        // SAFETY: reads `bytes` and an empty string, which both outlive the call.
        let result =
            unsafe { libc::syscall(libc::SYS_init_module, bytes.as_ptr(), bytes.len(), c"".as_ptr()) };
        match io::Error::last_os_error() {
            _ if result == 0 => {}
            error if error.raw_os_error() == Some(libc::EEXIST) => {}
            error => bail!("failed to load the module {module}: {error}"),
        }
    }
    Ok(())
}
