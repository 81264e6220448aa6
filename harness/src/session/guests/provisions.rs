//! What all guests of a run get: kernels, the image, modules, and the payloads of custom
//! monitors and workloads. Everything is downloaded and compiled here, once, before a
//! session opens.

use std::collections::BTreeMap;

use anyhow::Result;
use hookbench_model::Cell;
use hookbench_results::environment::KernelRecord;
use hookbench_vm::cache::Cache;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::machine::Qemu;

use super::image::Image;
use super::needs::Needs;
use super::padding::padded_agent;
use crate::custom::module::Modules;
use crate::custom::monitor::CustomMonitors;
use crate::custom::stock::Stock;
use crate::custom::workload::CustomWorkloads;
use crate::kernels::{Kernels, kernel_record};

/// What all guests of a run get. Its files stay in the cache as long as this value lives.
pub struct Provisions {
    /// The QEMU that runs the guests.
    pub(super) program: Qemu,
    /// QEMU's version.
    pub(super) qemu: String,
    pub(super) cache: Cache,
    /// The kernels, by name.
    pub(super) kernels: BTreeMap<String, Kernel>,
    /// Kernels that the mirror no longer has, each with the reason, which names what it has.
    pub(super) gone: BTreeMap<String, String>,
    pub(super) image: Image,
    /// The modules that monitors load.
    pub(super) modules: Modules,
    /// The kernels' own modules, which workloads load.
    pub(super) stock: Stock,
    pub(super) monitors: CustomMonitors,
    pub(super) workloads: CustomWorkloads,
    /// Names and bytes of the user's modules that each guest loads.
    pub(super) loaded: Vec<(String, Vec<u8>)>,
    /// The cells of the plan.
    pub(super) cells: Vec<Cell>,
    /// What a run records about the kernels; without boot lines.
    pub(super) kernel_records: Vec<KernelRecord>,
}

impl Provisions {
    /// The custom workloads, whose programs have been found.
    pub(crate) fn workloads(&self) -> &CustomWorkloads {
        &self.workloads
    }

    /// Obtains what `needs` names: downloads, builds, or finds it in the cache.
    ///
    /// # Errors
    /// When QEMU is missing, the cache cannot be written, or a kernel, a package or a
    /// program cannot be obtained. A kernel without modules is not an error: its cells say
    /// why.
    pub fn fetch(needs: Needs, progress: &dyn Fn(&str)) -> Result<Provisions> {
        let cache = open_cache(progress)?;
        let program = match &needs.qemu {
            Some(qemu) => qemu.clone(),
            None => Qemu::chosen(&cache, progress)?,
        };
        let qemu = program.version()?;
        let Kernels { mut found, gone } = Kernels::get(&needs.kernels, needs.least, &cache, progress)?;
        let image = Image::make(&cache, &padded_agent(needs.padding), progress)?;
        let mut kernel_records: Vec<KernelRecord> =
            needs.kernels.iter().filter_map(|name| found.get(name)).map(kernel_record).collect();
        let modules = Modules::default();
        let with_modules = needs.kernels_with_modules();
        for record in kernel_records.iter_mut().filter(|record| with_modules.contains(&*record.name)) {
            let kernel = found.get(&record.name);
            record.modules = kernel.and_then(|kernel| modules.built(kernel, &cache, progress));
        }
        let stock = Stock::default();
        for kernel in needs.kernels_with_stock_modules().iter().filter_map(|name| found.get(*name)) {
            // What cannot be obtained, each cell that needs it says.
            let _ = stock.of(kernel, &cache, progress);
        }
        let Needs { cells, mut monitors, mut workloads, loadable, .. } = needs;
        monitors.fetch(&cache, progress)?;
        workloads.fetch(&cache, progress)?;
        let loadable = loadable.unwrap_or_default();
        for kernel in found.values_mut() {
            kernel.config = loadable.config.clone().or_else(|| kernel.config.take());
        }
        for record in &mut kernel_records {
            record.loaded = loadable.digests();
        }
        let (kernels, loaded) = (found, loadable.modules);
        Ok(Provisions {
            program,
            qemu,
            cache,
            kernels,
            gone,
            image,
            modules,
            stock,
            monitors,
            workloads,
            loaded,
            cells,
            kernel_records,
        })
    }
}

fn open_cache(progress: &dyn Fn(&str)) -> Result<Cache> {
    let cache = Cache::open()?;
    if !cache.is_writable() {
        progress(&format!(
            "{} is read-only: each run boots the guests that are not in it, and keeps them in {} until it ends",
            cache.root().display(),
            std::env::temp_dir().display()
        ));
    }
    Ok(cache)
}
