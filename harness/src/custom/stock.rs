//! Modules of the kernels' own packages, which scenarios and workloads load. The first cell of a kernel that needs them
//! downloads them or finds them in the cache; while it does, others wait. A download that fails is not repeated.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Result, anyhow};
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::stock_modules::{Gone, StockModules};
use hookbench_workloads::MODULE_FOLDER;

/// What a kernel has, the reason why it cannot have it, or why it could not be obtained.
pub(crate) type Found<T> = Result<Result<T, String>, String>;

/// What is found once for each kernel.
pub(crate) struct Once<T>(Mutex<BTreeMap<String, Arc<OnceLock<Found<T>>>>>);

impl<T> Default for Once<T> {
    fn default() -> Self {
        Once(Mutex::default())
    }
}

impl<T: Clone> Once<T> {
    /// What was found for `kernel`, or is found now. While one cell looks, others wait.
    ///
    /// # Errors
    /// When it could not be obtained.
    pub(crate) fn get(&self, kernel: &Kernel, find: impl FnOnce() -> Found<T>) -> Result<Result<T, String>> {
        let found = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(kernel.name.clone()).or_default().clone()
        };
        found.get_or_init(find).clone().map_err(|why| anyhow!("{why}"))
    }
}

/// The modules by kernel.
#[derive(Default)]
pub(crate) struct Stock(Once<StockModules>);

impl Stock {
    /// The modules of `kernel`, or the reason why it cannot have any.
    ///
    /// # Errors
    /// When they cannot be obtained for a reason that may go away, as when the mirror does not answer.
    pub(crate) fn of(
        &self,
        kernel: &Kernel,
        cache: &Cache,
        progress: &dyn Fn(&str),
    ) -> Result<Result<StockModules, String>> {
        self.0.get(kernel, || match StockModules::obtain(kernel, cache, progress) {
            Ok(modules) => Ok(Ok(modules)),
            Err(error) => match error.downcast_ref::<Gone>() {
                Some(gone) => Ok(Err(gone.to_string())),
                None => Err(format!("{error:#}")),
            },
        })
    }

    /// The files for a guest whose workload loads the module `name`, or the reason why `kernel` cannot have it.
    ///
    /// # Errors
    /// Those of [`of`](Stock::of).
    pub(crate) fn files(
        &self,
        name: &str,
        kernel: &Kernel,
        cache: &Cache,
    ) -> Result<Result<Vec<GuestFile>, String>> {
        let modules = match self.of(kernel, cache, &|_| ())? {
            Ok(modules) => modules.files(&[name])?,
            Err(why) => return Ok(Err(why)),
        };
        let wanted = format!("{name}.ko");
        let file = |(name, bytes)| GuestFile {
            path: format!("{MODULE_FOLDER}/{name}"),
            mode: 0o644,
            content: Content::File(bytes),
        };
        let files: Vec<GuestFile> =
            modules.into_iter().filter(|(name, _)| *name == wanted).map(file).collect();
        Ok(if files.is_empty() {
            Err(format!("the kernel {} has no module {name} in a file", kernel.name))
        } else {
            Ok(files)
        })
    }
}
