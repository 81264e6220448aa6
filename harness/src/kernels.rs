//! The kernels of a session, by name or path, as far as they can be had.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use hookbench_results::environment::KernelRecord;
use hookbench_vm::apt::NoPackage;
use hookbench_vm::cache::Cache;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::{kernels, pair};

/// The kernels of a session.
pub(crate) struct Kernels {
    /// By name.
    pub(crate) found: BTreeMap<String, Kernel>,
    /// Those that the mirror no longer has, each with what is there instead.
    pub(crate) gone: BTreeMap<String, String>,
}

impl Kernels {
    /// Gets them all, as far as the mirror has them; so many at least.
    pub(crate) fn get(
        names: &[String],
        least: usize,
        cache: &Cache,
        progress: &dyn Fn(&str),
    ) -> Result<Kernels> {
        let mut kernels = Kernels { found: BTreeMap::new(), gone: BTreeMap::new() };
        let mut first = None;
        for name in names {
            match kernel(name, cache, progress) {
                Ok(kernel) => {
                    kernels.found.insert(name.clone(), kernel);
                }
                Err(error) => {
                    // Anything else may be mended by trying again.
                    let Some(reason) = error.downcast_ref::<NoPackage>().map(NoPackage::reason) else {
                        return Err(error);
                    };
                    progress(&format!("without the kernel {name}: {reason}"));
                    kernels.gone.insert(name.clone(), reason);
                    first = first.or(Some(error));
                }
            }
        }
        match first {
            Some(error) if kernels.found.len() < least => Err(error),
            _ => Ok(kernels),
        }
    }
}

/// A kernel by the name of its row or of one that was built, or by the path of one's own.
fn kernel(name: &str, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Kernel> {
    if name.contains('/') || Path::new(name).is_file() {
        return Kernel::from_path(Path::new(name), cache, progress);
    }
    match pair::find(name) {
        Some(half) => half.open(cache, progress),
        None => Kernel::fetch(kernels::find(name)?, cache, progress),
    }
}

/// What a run records of it.
pub(crate) fn kernel_record(kernel: &Kernel) -> KernelRecord {
    KernelRecord {
        name: kernel.name.clone(),
        package: kernel.package.clone(),
        version: kernel.version.clone(),
        sha256: kernel.sha256.clone(),
        boot_lines: Vec::new(),
        modules: None,
        loaded: Vec::new(),
    }
}
