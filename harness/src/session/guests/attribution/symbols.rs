//! The functions of the kernel in a snapshot. A guest that resumes from it lists them once; the cache keeps them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail, ensure};
use hookbench_model::protocol::{AgentMessage, SYMBOLS_ORDER};
use hookbench_vm::attribution::Symbols;
use hookbench_vm::cache::{Kind, Lease, Lock, Wanted};
use hookbench_vm::guest::{self, GuestOptions, Orders, Start};
use hookbench_vm::machine::Machine;
use hookbench_vm::snapshot::{Recipe, Snapshot};

use super::recent::Recent;
use crate::session::guests::cell::Guests;

/// The most bytes of a kernel's functions. Those of Debian's kernels take 2 MB.
pub(super) const LONGEST_SYMBOLS: u64 = 32 << 20;

/// The version of the entries in the cache. Raise it when the way to make them changes.
const FORMAT: u32 = 1;

/// The files of an entry in the cache: what the guest sent, and the list for the plugin.
const SENT: &str = "kallsyms";
const LIST: &str = "list";

/// The functions of a snapshot's kernel.
#[derive(Debug, Clone)]
pub(super) struct KernelSymbols {
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

/// How many kernels' functions stay in memory: those of some boot lines.
const MOST: usize = 8;

/// The functions of kernels that have been read, by the key of their snapshot.
pub(super) struct KnownSymbols(Recent<KernelSymbols>);

impl Default for KnownSymbols {
    fn default() -> KnownSymbols {
        KnownSymbols(Recent::new(MOST))
    }
}

impl KnownSymbols {
    /// The functions of the kernel in `snapshot`, which `recipe` makes on `machine`.
    ///
    /// # Errors
    /// When the guest does not list them, or the cache cannot be written.
    pub(super) fn obtain(
        &self,
        guests: &Guests,
        recipe: &Recipe<'_>,
        snapshot: &Snapshot,
        machine: Machine,
    ) -> Result<Arc<KernelSymbols>> {
        let key = format!("{}-{FORMAT}", recipe.key(machine));
        self.0.obtain(&key, || cached(guests, recipe, snapshot, machine, &key))
    }
}

/// The functions, from the cache or from a guest.
fn cached(
    guests: &Guests,
    recipe: &Recipe<'_>,
    snapshot: &Snapshot,
    machine: Machine,
    key: &str,
) -> Result<KernelSymbols> {
    let wanted = Wanted { kind: Kind::SYMBOLS, key, source: "" };
    let make = |_: &Lock, folder: &Path| {
        let (sent, symbols) = ask_guest(guests, snapshot, machine)?;
        fs::write(folder.join(SENT), sent)?;
        fs::write(folder.join(LIST), symbols.list())?;
        Ok(format!("{} with {}", recipe.kernel.version, recipe.boot_line))
    };
    let lease = guests.provisions.cache.obtain(&wanted, &|_| (), make)?;
    let path = lease.file(SENT);
    let sent = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(KernelSymbols { symbols: Symbols::read(&sent), lease })
}

/// Asks a guest for the functions of its kernel.
fn ask_guest(guests: &Guests, snapshot: &Snapshot, machine: Machine) -> Result<(String, Symbols)> {
    let options = GuestOptions { symbols: LONGEST_SYMBOLS, ..guests.options(machine, 0) };
    let answer = guest::run(Start::Restore(snapshot), Orders::only(SYMBOLS_ORDER), &options)?;
    let sent = match answer {
        guest::Answer { symbols: Some(sent), last: AgentMessage::Stopped { .. }, .. } => sent,
        guest::Answer { last: AgentMessage::Failed(failure), .. } => bail!(failure.message),
        _ => bail!("the guest did not send the functions of its kernel"),
    };
    let symbols = Symbols::read(&sent);
    ensure!(symbols.is_whole(), "the guest's kernel does not list its functions in /proc/kallsyms");
    Ok((sent, symbols))
}
