//! The kernel modules that the ways of a scenario need, as files for the guest: those of the kernel's own package, and
//! those that hookbench builds for the kernel. A kernel that cannot have them gets the reason in their place: the ways
//! that need modules say so.

use anyhow::{Context, Result};
use hookbench_scenarios::exchange::{MODULES, MODULES_GONE, MODULES_NOT_BUILT};
use hookbench_scenarios::{MODULE_SOURCES, Need, Scenario};
use hookbench_vm::apt::NoPackage;
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::modules::{Modules as Built, NotBuilt};

use crate::custom::stock::{Found, Once, Stock};

/// The headers that all of hookbench's modules share.
const SHARED: [&str; 2] = ["hookbench.h", "numbers.h"];

/// Modules by kernel. A download or a build that fails is not repeated.
#[derive(Default)]
pub(super) struct Modules {
    stock: Stock,
    built: Once<Built>,
}

impl Modules {
    /// The files for a guest with `kernel` that needs `needs`.
    ///
    /// # Errors
    /// When they cannot be obtained for a reason that may go away, as when the mirror does not answer.
    pub(super) fn files(&self, needs: &[Need], kernel: &Kernel, cache: &Cache) -> Result<Vec<GuestFile>> {
        let mut files = Vec::new();
        let names = modules_in(needs, stock_name);
        if !names.is_empty() {
            files.extend(match self.stock.of(kernel, cache, &|_| ())? {
                Ok(modules) => modules.files(&names)?,
                Err(gone) => vec![(MODULES_GONE.into(), gone.into_bytes())],
            });
        }
        let names = modules_in(needs, built_name);
        if !names.is_empty() {
            files.extend(match self.built.get(kernel, || build(kernel, cache))? {
                Ok(built) => names.iter().map(|name| read(&built, name)).collect::<Result<Vec<_>>>()?,
                Err(why) => vec![(MODULES_NOT_BUILT.into(), why.into_bytes())],
            });
        }
        let folder = MODULES.trim_start_matches('/');
        let file = |(name, bytes)| GuestFile {
            path: format!("{folder}/{name}"),
            mode: 0o644,
            content: Content::File(bytes),
        };
        Ok(files.into_iter().map(file).collect())
    }
}

/// The sources of the modules, with the headers that they share with the modules that monitors load.
fn sources() -> Vec<(&'static str, &'static str)> {
    let shared = hookbench_probes::modules::SOURCES.iter().filter(|(name, _)| SHARED.contains(name));
    MODULE_SOURCES.iter().chain(shared).copied().collect()
}

fn build(kernel: &Kernel, cache: &Cache) -> Found<Built> {
    let error = match Built::obtain(kernel, &sources(), cache, &|_| ()) {
        Ok(built) => return Ok(Ok(built)),
        Err(error) => error,
    };
    if let Some(gone) = error.downcast_ref::<NoPackage>() {
        return Ok(Err(gone.reason()));
    }
    match error.downcast_ref::<NotBuilt>() {
        Some(why) => Ok(Err(why.to_string())),
        None => Err(format!("{error:#}")),
    }
}

/// The name and the bytes of a module that was built.
fn read(built: &Built, name: &str) -> Result<(String, Vec<u8>)> {
    let path = built.file(name)?;
    let bytes = std::fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok((format!("{name}.ko"), bytes))
}

/// What the ways of `scenario` need.
pub(super) fn needed(scenario: &Scenario) -> Vec<Need> {
    scenario.ways.iter().flat_map(|way| way.needs).copied().collect()
}

/// The modules in `needs`, as far as `name` knows them, each once.
fn modules_in(needs: &[Need], name: fn(&Need) -> Option<&'static str>) -> Vec<&'static str> {
    let mut names: Vec<&str> = needs.iter().filter_map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The name of a module of the kernel's package.
fn stock_name(need: &Need) -> Option<&'static str> {
    match need {
        Need::Loaded(name) | Need::ModuleFile(name) | Need::CompressedModuleFile(name) => Some(name),
        Need::BuiltModule(_) => None,
    }
}

/// The name of a module that hookbench builds.
fn built_name(need: &Need) -> Option<&'static str> {
    match need {
        Need::BuiltModule(name) => Some(name),
        Need::Loaded(_) | Need::ModuleFile(_) | Need::CompressedModuleFile(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use hookbench_scenarios::{POLICIES, SCENARIOS};
    use hookbench_vm::kernels;
    use hookbench_vm::stock_modules::{NAMES, ORDER};

    use super::*;

    #[test]
    fn hookbench_can_obtain_all_modules_that_ways_need() {
        for name in SCENARIOS.iter().flat_map(|scenario| modules_in(&needed(scenario), stock_name)) {
            let more = kernels::rows().unwrap().iter().flat_map(|row| &row.more_modules);
            assert!(NAMES.contains(&name) || more.into_iter().any(|known| known == name), "{name}");
        }
        let of_policies = POLICIES.iter().flat_map(|policy| policy.needs()).copied();
        let needs = SCENARIOS.iter().flat_map(|scenario| needed(scenario)).chain(of_policies);
        for name in modules_in(&needs.collect::<Vec<_>>(), built_name) {
            assert!(MODULE_SOURCES.iter().any(|(file, _)| *file == format!("{name}.c")), "{name}");
        }
        assert_eq!(ORDER, hookbench_scenarios::exchange::MODULES_ORDER);
    }
}
