//! The snapshots of a session: one for each kernel and boot line that its cells
//! ask for, made or found in the cache when the first of them does.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use hookbench_model::{Boot, Failure};
use hookbench_vm::snapshot::Snapshot;

/// A snapshot, or why there is none; the others that need it are told the same.
type Made = Arc<OnceLock<Result<Snapshot, Failure>>>;

/// Snapshots by kernel, machine and boot line.
#[derive(Default)]
pub(crate) struct Snapshots(Mutex<BTreeMap<(String, Boot, String), Made>>);

impl Snapshots {
    /// The snapshot of `kernel` on the machine of `boot`, booted with `boot_line`. While one cell has it
    /// made by `make`, others that need it wait.
    ///
    /// # Errors
    /// When it could not be made.
    pub(crate) fn of(
        &self,
        kernel: &str,
        boot: Boot,
        boot_line: &str,
        make: impl FnOnce() -> Result<Snapshot, Failure>,
    ) -> Result<Snapshot, Failure> {
        let made = {
            // The map is whole whenever the lock is free.
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            all.entry((kernel.to_string(), boot, boot_line.to_string())).or_default().clone()
        };
        made.get_or_init(make).clone()
    }
}
