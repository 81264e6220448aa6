//! The snapshots of a session: one per kernel, machine and boot line. The first cell
//! that needs a snapshot makes it or finds it in the cache.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hookbench_model::{Boot, Failure};
use hookbench_vm::snapshot::Snapshot;

/// A snapshot, or why making it failed. Every cell that needs it gets the same answer.
type Made = Arc<OnceLock<Result<Snapshot, Failure>>>;

/// Snapshots by kernel, machine and boot line.
#[derive(Default)]
pub(super) struct Snapshots(Mutex<BTreeMap<(String, Boot, String), Made>>);

impl Snapshots {
    /// The snapshot of `kernel` on the machine of `boot`, booted with `boot_line`. The
    /// first cell calls `make`; others that need the same snapshot wait.
    ///
    /// # Errors
    /// When `make` fails.
    pub(super) fn obtain(
        &self,
        kernel: &str,
        boot: Boot,
        boot_line: &str,
        make: impl FnOnce() -> Result<Snapshot, Failure>,
    ) -> Result<Snapshot, Failure> {
        let made = {
            // No code panics while it holds the lock with the map half changed.
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry((kernel.to_string(), boot, boot_line.to_string())).or_default().clone()
        };
        made.get_or_init(make).clone()
    }
}
