//! The kernel modules of a session: built, or found in the cache, when the first
//! cell of a kernel needs one. What could not be built is tried once in a run.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, anyhow};
use hookbench_probes::modules::{MODULE, SOURCES};
use hookbench_results::environment::ModulesRecord;
use hookbench_vm::apt::NoPackage;
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::modules::{Modules as Built, NotBuilt};
use hookbench_vm::payload;

/// A kernel's modules, or why there are none; other cells are told the same.
type Made = Arc<OnceLock<Result<Built, Lack>>>;

/// Why there are none.
#[derive(Clone)]
enum Lack {
    /// This kernel has none: the reason.
    Unsupported(String),
    /// Something failed that need not.
    Failed(String),
}

/// Modules by kernel.
#[derive(Default)]
pub(crate) struct Modules(Mutex<BTreeMap<String, Made>>);

impl Modules {
    /// The file of the module `name` for `kernel`, or the reason why there can be
    /// none. While one cell has it built, others that need it wait.
    ///
    /// # Errors
    /// When it could not be built for a reason that is none of the kernel's, such as
    /// a mirror that does not answer.
    pub(crate) fn of(&self, kernel: &Kernel, name: &str, cache: &Cache) -> Result<Result<PathBuf, String>> {
        match self.obtain(kernel, cache, &|_| ()) {
            Ok(built) => Ok(Ok(built.file(name)?)),
            Err(Lack::Unsupported(why)) => Ok(Err(why)),
            Err(Lack::Failed(why)) => Err(anyhow!("{why}")),
        }
    }

    /// What the modules of `kernel` are; nothing where there are none.
    pub(crate) fn built(
        &self,
        kernel: &Kernel,
        cache: &Cache,
        progress: &dyn Fn(&str),
    ) -> Option<ModulesRecord> {
        match self.obtain(kernel, cache, progress) {
            Ok(Built { compiler, sha256, .. }) => Some(ModulesRecord { compiler, sha256 }),
            Err(Lack::Unsupported(why) | Lack::Failed(why)) => {
                progress(&format!("without modules for {}: {why}", kernel.name));
                None
            }
        }
    }

    fn obtain(&self, kernel: &Kernel, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Built, Lack> {
        let made = {
            // The map is whole whenever the lock is free.
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(kernel.name.clone()).or_default().clone()
        };
        let build = || Built::obtain(kernel, SOURCES, cache, progress).map_err(|error| lack(&error));
        made.get_or_init(build).clone()
    }
}

/// Packs the module in `file` for a guest, into an archive in `folder`.
///
/// # Errors
/// When the one cannot be read or the other not be written.
pub(crate) fn pack(file: &Path, folder: &Path) -> Result<PathBuf> {
    let bytes = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
    let file = GuestFile { path: MODULE.into(), mode: 0o600, content: Content::File(bytes) };
    let archive = folder.join("module");
    payload::pack(&[file], &archive)?;
    Ok(archive)
}

fn lack(error: &anyhow::Error) -> Lack {
    if let Some(gone) = error.downcast_ref::<NoPackage>() {
        return Lack::Unsupported(format!("no kernel module can be built: {}", gone.reason()));
    }
    match error.downcast_ref::<NotBuilt>() {
        Some(why) => Lack::Unsupported(format!("no kernel module can be built: {why}")),
        None => Lack::Failed(format!("{error:#}")),
    }
}
