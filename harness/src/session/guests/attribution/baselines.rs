//! The baselines of a session: the call paths of several hundred operations without a monitor. The first cell that
//! needs a baseline has it made, or finds it in the cache.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use hookbench_model::protocol::CellSpec;
use hookbench_model::{MonitorName, Params};
use hookbench_results::digest::sha256;
use hookbench_vm::cache::{Cache, Kind, Lock, Wanted};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::recent::Recent;
use crate::run::runner::budget;
use crate::session::embedded::PLUGIN;

/// The operations of a baseline. One in a hundred takes a rare path: another page of memory, a timer. Rare paths that
/// are not known would count as the monitor's.
const OPERATIONS: u32 = 400;

/// Untimed operations before them.
const WARMUP: u32 = 20;

/// The version of the entries in the cache. Raise it when the way to make them changes.
const FORMAT: u32 = 7;

/// The file of an entry in the cache.
const FILE: &str = "baseline.json";

/// How many baselines stay in memory: those of some boot lines and all workloads.
const MOST: usize = 32;

/// Baselines, by all that they depend on: those of cells, or of the neighbours of a scenario.
pub(super) struct Baselines<B>(Recent<B>);

impl<B> Default for Baselines<B> {
    fn default() -> Baselines<B> {
        Baselines(Recent::new(MOST))
    }
}

impl<B: Serialize + DeserializeOwned> Baselines<B> {
    /// The baseline with this `key`. The first cell reads it from the cache or calls `make`; others wait. `about` tells
    /// users what it is.
    ///
    /// # Errors
    /// When `make` fails, or what is in the cache cannot be read.
    pub(super) fn obtain(
        &self,
        cache: &Cache,
        key: &str,
        about: &str,
        make: impl FnOnce() -> Result<B>,
    ) -> Result<Arc<B>> {
        self.0.obtain(key, || cached(cache, key, about, make))
    }
}

/// The order for the operations of the baseline of `cell`.
pub(in crate::session::guests) fn order(cell: &CellSpec) -> CellSpec {
    // The operation of such a workload is a whole command, which takes long.
    let is_command =
        hookbench_workloads::for_cell(cell).is_none_or(|found| found.info().samples < OPERATIONS / 10);
    let operations = if is_command { OPERATIONS.min(4 * cell.samples) } else { OPERATIONS };
    CellSpec {
        monitor: MonitorName::none(),
        tuning: Params::default(),
        samples: operations,
        warmup: WARMUP,
        budget: budget(operations + WARMUP),
        ..cell.clone()
    }
}

/// The key of a baseline that a guest makes by `order`, which resumes from the snapshot with the key `snapshot`. The
/// workload comes with `payload`. Loaded functions may have names in it.
///
/// # Errors
/// When the payload cannot be read.
pub(super) fn key(snapshot: &str, order: &CellSpec, payload: Option<&Path>, names: bool) -> Result<String> {
    let order = serde_json::to_string(order).context("failed to render the cell")?;
    let payload = match payload {
        Some(path) => fs::read(path).with_context(|| format!("failed to read {}", path.display()))?,
        None => Vec::new(),
    };
    let format = format!("{FORMAT} {names}");
    Ok(key_of(&[&format, &sha256(PLUGIN), snapshot, &order, &sha256(&payload)]))
}

/// The key of a baseline that depends on `all`.
pub(super) fn key_of(all: &[&str]) -> String {
    sha256(all.join("\n").as_bytes())[..32].to_string()
}

fn cached<B: Serialize + DeserializeOwned>(
    cache: &Cache,
    key: &str,
    about: &str,
    make: impl FnOnce() -> Result<B>,
) -> Result<B> {
    let wanted = Wanted { kind: Kind::BASELINES, key, source: "" };
    if let Some(lease) = cache.find(&wanted, &|_| ()) {
        return read(&lease.file(FILE));
    }
    // A guest makes it, while others may make theirs: without the cache's lock.
    let made = make()?;
    let write = |_: &Lock, folder: &Path| {
        fs::write(folder.join(FILE), serde_json::to_string(&made)?)?;
        Ok(about.to_string())
    };
    // A cache that cannot be written only costs time.
    let _ = cache.obtain(&wanted, &|_| (), write);
    Ok(made)
}

fn read<B: DeserializeOwned>(path: &Path) -> Result<B> {
    let text = fs::read_to_string(path).with_context(|| format!("failed to read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("failed to read {}", path.display()))
}
