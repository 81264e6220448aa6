//! The snapshots of a session: one per kernel, machine and boot line. The first cell
//! that needs a snapshot makes it or finds it in the cache.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hookbench_model::Failure;
use hookbench_vm::snapshot::Snapshot;

/// A snapshot, or why making it failed. Every cell that needs it gets the same answer.
type Made = Arc<OnceLock<Result<Snapshot, Failure>>>;

/// Snapshots, by their keys in the cache.
#[derive(Default)]
pub(super) struct Snapshots(Mutex<BTreeMap<String, Made>>);

impl Snapshots {
    /// The snapshot that `key` stands for. The first cell calls `make`; others that need
    /// the same snapshot wait.
    ///
    /// # Errors
    /// When `make` fails.
    pub(super) fn obtain(
        &self,
        key: &str,
        make: impl FnOnce() -> Result<Snapshot, Failure>,
    ) -> Result<Snapshot, Failure> {
        let made = {
            // No code panics while it holds the lock with the map half changed.
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry(key.to_owned()).or_default().clone()
        };
        made.get_or_init(make).clone()
    }
}
