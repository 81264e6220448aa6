//! A kernel with a boot line, on one machine: where guests of it begin. Those that are copies need a machine that waits to
//! be copied, the others a snapshot. Each is made when the first guest needs it.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use hookbench_model::Failure;
use hookbench_vm::guest::{Boot, ForkServer, Start};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::machine::Machine;
use hookbench_vm::snapshot::{Recipe, Snapshot};

use super::attribution::KernelSymbols;
use super::cell::Guests;
use super::exact::ExactSession;
use crate::verify::outcome::no_snapshot;

/// See the module.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) boot_line: &'a str,
    pub(super) machine: Machine,
}

/// Where a guest begins, with what has to last as long as the guest.
pub(super) enum Beginning<'a> {
    /// It boots.
    Boot(Boot<'a>),
    /// It resumes from this snapshot.
    Snapshot(Snapshot),
    /// It is a copy of this machine.
    Machine(Arc<ForkServer>),
}

impl Beginning<'_> {
    /// Whether the guest is a copy.
    pub(super) fn is_copy(&self) -> bool {
        matches!(self, Beginning::Machine(_))
    }

    pub(super) fn start(&self) -> Start<'_> {
        match self {
            Beginning::Boot(boot) => Start::Boot(*boot),
            Beginning::Snapshot(snapshot) => Start::Restore(snapshot),
            Beginning::Machine(machine) => Start::Fork(machine),
        }
    }
}

impl ExactSession {
    /// What stands for the site in the cache.
    pub(super) fn key(&self, site: &Site<'_>) -> String {
        self.recipe(site).key(site.machine)
    }

    fn recipe<'a>(&'a self, site: &Site<'a>) -> Recipe<'a> {
        let Guests { provisions, image, .. } = &self.guests;
        let image_sha256 = &provisions.image.record.sha256;
        let Site { kernel, boot_line, .. } = *site;
        Recipe { kernel, image, image_sha256, boot_line, qemu: &provisions.qemu }
    }

    /// The snapshot of the site.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn snapshot(&self, site: &Site<'_>) -> Result<Snapshot, Failure> {
        self.snapshots.obtain(&self.key(site), || {
            let options = self.guests.options(site.machine, 0);
            Snapshot::obtain(&self.recipe(site), &self.guests.provisions.cache, &options, &|_| ())
                .map_err(no_snapshot)
        })
    }

    /// The machine of the site that waits to be copied. The first guest that needs it has it booted, others wait.
    ///
    /// # Errors
    /// When it does not become ready.
    pub(super) fn booted(&self, site: &Site<'_>) -> Result<Arc<ForkServer>> {
        self.servers.booted(&self.key(site), || {
            let plugin = self.attributor.plugin(&self.guests)?;
            let options = self.guests.options(site.machine, 0);
            let boot = self.guests.boot(site.kernel, site.boot_line);
            ForkServer::start(&boot, &options, &plugin).context("failed to boot a machine to copy")
        })
    }

    /// Whether a guest of the site does not wait until its machine has booted for another one: it resumes from a snapshot
    /// meanwhile, which the next run has too.
    pub(super) fn goes_ahead(&self, site: &Site<'_>) -> bool {
        self.histories.keeps_snapshots() && self.servers.is_booting(&self.key(site))
    }

    /// The functions of the site's kernel. A guest lists them once: a copy of the site's machine if it `is_copied`, or one
    /// that resumes from the snapshot.
    ///
    /// # Errors
    /// When the guest does not list them, or the cache cannot be written.
    pub(super) fn symbols(&self, site: &Site<'_>, is_copied: bool) -> Result<Arc<KernelSymbols>> {
        let begin = || match is_copied {
            true => self.booted(site).map(Beginning::Machine).or_else(|_| self.resumed(site)),
            false => self.resumed(site),
        };
        self.attributor.symbols(&self.guests, &self.recipe(site), site.machine, begin)
    }

    /// Where guests of the site begin that resume from its snapshot.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn resumed(&self, site: &Site<'_>) -> Result<Beginning<'static>> {
        Ok(Beginning::Snapshot(self.snapshot(site).map_err(|failure| anyhow!(failure.message))?))
    }
}
