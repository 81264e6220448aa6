//! The modules of the kernel's own package that the ways of a scenario need, as files for the guest. A kernel whose
//! package the mirror no longer has gets the reason in their place: the ways that need modules say so.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Result, anyhow};
use hookbench_scenarios::exchange::{MODULES, MODULES_GONE};
use hookbench_scenarios::{Need, Scenario};
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::stock_modules::{Gone, StockModules};

/// The modules of a kernel, the reason why there are none, or why they could not be obtained.
type Found = Result<Result<StockModules, String>, String>;

/// Modules by kernel. A download that fails is not repeated.
#[derive(Default)]
pub(super) struct Modules(Mutex<BTreeMap<String, Arc<OnceLock<Found>>>>);

impl Modules {
    /// The files of the modules `names` for a guest with `kernel`.
    ///
    /// # Errors
    /// When they cannot be obtained for a reason that may go away, as when the mirror does not answer.
    pub(super) fn files(
        &self,
        names: &[&'static str],
        kernel: &Kernel,
        cache: &Cache,
    ) -> Result<Vec<GuestFile>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let found = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(kernel.name.clone()).or_default().clone()
        };
        let files = match found.get_or_init(|| find(kernel, cache)) {
            Ok(Ok(modules)) => modules.files(names)?,
            Ok(Err(gone)) => vec![(MODULES_GONE.into(), gone.clone().into_bytes())],
            Err(why) => return Err(anyhow!("{why}")),
        };
        let folder = MODULES.trim_start_matches('/');
        let file = |(name, bytes)| GuestFile {
            path: format!("{folder}/{name}"),
            mode: 0o644,
            content: Content::File(bytes),
        };
        Ok(files.into_iter().map(file).collect())
    }
}

fn find(kernel: &Kernel, cache: &Cache) -> Found {
    match StockModules::obtain(kernel, cache, &|_| ()) {
        Ok(modules) => Ok(Ok(modules)),
        Err(error) => match error.downcast_ref::<Gone>() {
            Some(gone) => Ok(Err(gone.to_string())),
            None => Err(format!("{error:#}")),
        },
    }
}

/// The modules that ways of `scenario` need, each once.
pub(super) fn needed(scenario: &Scenario) -> Vec<&'static str> {
    let mut names: Vec<&str> = scenario.ways.iter().flat_map(|way| way.needs).map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn name(need: &Need) -> &'static str {
    match need {
        Need::Loaded(name) | Need::ModuleFile(name) | Need::CompressedModuleFile(name) => name,
    }
}

#[cfg(test)]
mod tests {
    use hookbench_scenarios::SCENARIOS;
    use hookbench_vm::stock_modules::{NAMES, ORDER};

    use super::*;

    #[test]
    fn the_cache_keeps_all_modules_that_ways_need() {
        for name in SCENARIOS.iter().flat_map(|scenario| needed(scenario)) {
            assert!(NAMES.contains(&name), "{name}");
        }
        assert_eq!(ORDER, hookbench_scenarios::exchange::MODULES_ORDER);
    }
}
