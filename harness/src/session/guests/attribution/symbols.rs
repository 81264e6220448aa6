//! The functions of a kernel. A guest lists them once; the cache keeps them. They are the same with every boot line:
//! QEMU starts the uncompressed kernel, so nothing moves its code (also without `nokaslr`), and guests list what the
//! kernel loads later themselves.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use hookbench_model::protocol::{AgentMessage, SYMBOLS_ORDER};
use hookbench_vm::attribution::Symbols;
use hookbench_vm::cache::{Kind, Lease, Lock, Wanted};
use hookbench_vm::guest::{self, GuestOptions, Orders};
use hookbench_vm::machine::Machine;
use hookbench_vm::snapshot::Recipe;

use super::baselines::key_of;
use super::recent::Recent;
use crate::session::guests::cell::Guests;
use crate::session::guests::site::Beginning;

/// The most bytes of a kernel's functions. Those of Debian's kernels take 2 MB.
pub(super) const LONGEST_SYMBOLS: u64 = 32 << 20;

/// The version of the entries in the cache. Raise it when the way to make them changes.
const FORMAT: u32 = 2;

/// The files of an entry in the cache: what the guest sent, and the list for the plugin.
const SENT: &str = "kallsyms";
const LIST: &str = "list";

/// The functions of a kernel.
#[derive(Debug, Clone)]
pub(in crate::session::guests) struct KernelSymbols {
    pub(super) symbols: Symbols,
    /// Keeps the list for the plugin in the cache.
    lease: Lease,
}

impl KernelSymbols {
    /// The path of the list for the plugin.
    pub(super) fn list(&self) -> PathBuf {
        self.lease.file(LIST)
    }
}

/// How many kernels' functions stay in memory: a plan has the cells of one kernel after those of another.
const MOST: usize = 2;

/// The functions of kernels that have been read.
pub(super) struct KnownSymbols(Recent<KernelSymbols>);

impl Default for KnownSymbols {
    fn default() -> KnownSymbols {
        KnownSymbols(Recent::new(MOST))
    }
}

impl KnownSymbols {
    /// The functions of the kernel of `recipe`. If no guest has listed them yet, one that begins where `begin` says does.
    ///
    /// # Errors
    /// When the guest does not list them, or the cache cannot be written.
    pub(super) fn obtain<'a>(
        &self,
        guests: &Guests,
        recipe: &Recipe<'_>,
        machine: Machine,
        begin: impl FnOnce() -> Result<Beginning<'a>>,
    ) -> Result<Arc<KernelSymbols>> {
        let key = key_of(&[&FORMAT.to_string(), &recipe.kernel.sha256, recipe.image_sha256]);
        self.0.obtain(&key, || cached(guests, recipe, machine, &key, begin))
    }
}

/// The functions, from the cache or from a guest.
fn cached<'a>(
    guests: &Guests,
    recipe: &Recipe<'_>,
    machine: Machine,
    key: &str,
    begin: impl FnOnce() -> Result<Beginning<'a>>,
) -> Result<KernelSymbols> {
    let wanted = Wanted { kind: Kind::SYMBOLS, key, source: "" };
    let read = |lease: Lease| {
        let path = lease.file(SENT);
        let sent = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
        Ok(KernelSymbols { symbols: Symbols::read(&sent), lease })
    };
    let cache = &guests.provisions.cache;
    if let Some(lease) = cache.find(&wanted, &|_| ()) {
        return read(lease);
    }
    // The guest may need the cache's lock to begin.
    let (sent, symbols) = ask_guest(guests, &begin()?, machine)?;
    let make = |_: &Lock, folder: &Path| {
        fs::write(folder.join(SENT), &sent)?;
        fs::write(folder.join(LIST), symbols.list())?;
        Ok(recipe.kernel.version.clone())
    };
    read(cache.obtain(&wanted, &|_| (), make)?)
}

/// Asks a guest for the functions of its kernel.
fn ask_guest(guests: &Guests, begin: &Beginning<'_>, machine: Machine) -> Result<(String, Symbols)> {
    let options = GuestOptions { symbols: LONGEST_SYMBOLS, ..guests.options(machine, 0) };
    let answer = guest::run(begin.start(), Orders::only(SYMBOLS_ORDER), &options)?;
    let sent = match answer {
        guest::Answer { symbols: Some(sent), last: AgentMessage::Stopped { .. }, .. } => sent,
        guest::Answer { last: AgentMessage::Failed(failure), .. } => bail!(failure.message),
        _ => bail!("the guest did not send the functions of its kernel"),
    };
    let symbols = Symbols::read(&sent);
    ensure!(symbols.is_whole(), "the guest's kernel does not list its functions in /proc/kallsyms");
    Ok((sent, symbols))
}
