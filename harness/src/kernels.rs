//! Obtains the kernels of a session, by name or path, and notes those that the mirror
//! no longer has.

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
    /// The kernels that hookbench obtained, by name.
    pub(crate) found: BTreeMap<String, Kernel>,
    /// Kernels that the mirror no longer has, each with the reason, which names what it has.
    pub(crate) gone: BTreeMap<String, String>,
}

impl Kernels {
    /// Obtains all kernels that the mirror still has. Fails if those are fewer than `least`.
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
                    // Any other error may be temporary.
                    let Some(reason) = error.downcast_ref::<NoPackage>().map(NoPackage::reason) else {
                        return Err(error);
                    };
                    progress(&format!("skipping kernel {name}: {reason}"));
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

/// Obtains a kernel by its name in the kernel table, by the name of a built kernel, or
/// by path.
fn kernel(name: &str, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Kernel> {
    if name.contains('/') || Path::new(name).is_file() {
        return Kernel::from_path(Path::new(name), cache, progress);
    }
    match pair::find(name) {
        Some(half) => half.open(cache, progress),
        None => Kernel::fetch(kernels::find(name)?, cache, progress),
    }
}

/// What a run records about the kernel.
pub(crate) fn kernel_record(kernel: &Kernel) -> KernelRecord {
    KernelRecord {
        name: kernel.name.clone(),
        package: kernel.package.clone(),
        version: kernel.version.clone(),
        sha256: kernel.sha256.clone(),
        boot_lines: Vec::new(),
        security_modules: Vec::new(),
        modules: None,
        loaded: Vec::new(),
    }
}
