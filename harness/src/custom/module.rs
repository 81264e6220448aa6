//! The kernel modules of a session. The first cell of a kernel that needs one builds
//! them or finds them in the cache. A build that fails is not repeated in the same run.

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

/// The modules of a kernel, or why it has none. Every cell gets the same answer.
type Made = Arc<OnceLock<Result<Built, Lack>>>;

/// Why a kernel has no modules.
#[derive(Clone)]
enum Lack {
    /// This kernel cannot have any, for this reason.
    Unsupported(String),
    /// The build failed for a reason that may go away.
    Failed(String),
}

/// A module for a kernel.
pub(crate) enum ModuleFile {
    /// The file of the module.
    Built(PathBuf),
    /// The kernel cannot have it, for this reason.
    Unsupported(String),
}

/// Modules by kernel.
#[derive(Default)]
pub(crate) struct Modules(Mutex<BTreeMap<String, Made>>);

impl Modules {
    /// Finds the module `name` for `kernel`. While one cell builds it, others that need it
    /// wait.
    ///
    /// # Errors
    /// When the build fails for a reason other than the kernel, for example because the
    /// mirror does not answer.
    pub(crate) fn find(&self, kernel: &Kernel, name: &str, cache: &Cache) -> Result<ModuleFile> {
        match self.obtain(kernel, cache, &|_| ()) {
            Ok(built) => Ok(ModuleFile::Built(built.file(name)?)),
            Err(Lack::Unsupported(why)) => Ok(ModuleFile::Unsupported(why)),
            Err(Lack::Failed(why)) => Err(anyhow!("{why}")),
        }
    }

    /// What a run records about the modules of `kernel`; `None` if it has none.
    pub(crate) fn built(
        &self,
        kernel: &Kernel,
        cache: &Cache,
        progress: &dyn Fn(&str),
    ) -> Option<ModulesRecord> {
        match self.obtain(kernel, cache, progress) {
            Ok(Built { compiler, sha256, .. }) => Some(ModulesRecord { compiler, sha256 }),
            Err(Lack::Unsupported(why) | Lack::Failed(why)) => {
                progress(&format!("skipping modules for {}: {why}", kernel.name));
                None
            }
        }
    }

    fn obtain(&self, kernel: &Kernel, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Built, Lack> {
        let made = {
            // No code panics while it holds the lock with the map half changed.
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(kernel.name.clone()).or_default().clone()
        };
        let build = || Built::obtain(kernel, SOURCES, cache, progress).map_err(|error| lack(&error));
        made.get_or_init(build).clone()
    }
}

/// Packs the module in `file` into an archive for a guest, in `folder`.
///
/// # Errors
/// When the file cannot be read, or the archive cannot be written.
pub(crate) fn pack(file: &Path, folder: &Path) -> Result<PathBuf> {
    let bytes = fs::read(file).with_context(|| format!("failed to read {}", file.display()))?;
    let file = GuestFile { path: MODULE.into(), mode: 0o600, content: Content::File(bytes) };
    let archive = folder.join("module");
    payload::pack(&[file], &archive)?;
    Ok(archive)
}

fn lack(error: &anyhow::Error) -> Lack {
    if let Some(gone) = error.downcast_ref::<NoPackage>() {
        return Lack::Unsupported(format!("cannot build kernel modules: {}", gone.reason()));
    }
    match error.downcast_ref::<NotBuilt>() {
        Some(why) => Lack::Unsupported(format!("cannot build kernel modules: {why}")),
        None => Lack::Failed(format!("{error:#}")),
    }
}
