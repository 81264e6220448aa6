//! The ledger as it is written. Every line is on the disk before the change is made.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use anyhow::{Context, Result, anyhow};
use serde::Serialize;

use crate::undo::{LedgerHead, Undo};

struct Ledger {
    path: PathBuf,
    file: File,
}

static LEDGER: Mutex<Option<Ledger>> = Mutex::new(None);

/// From now on, hookbench writes changes to a new file at `path` before it makes them.
///
/// # Errors
/// When the file exists already, or cannot be written.
pub fn open(path: &Path) -> Result<()> {
    let file = OpenOptions::new().create_new(true).append(true).open(path);
    let file = file.with_context(|| format!("failed to create the ledger {}", path.display()))?;
    let mut ledger = Ledger { path: path.into(), file };
    ledger.append(&LedgerHead { boot_id: boot_id()? })?;
    // The file's name must be on the disk as well.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
    *lock()? = Some(ledger);
    Ok(())
}

fn lock() -> Result<MutexGuard<'static, Option<Ledger>>> {
    LEDGER.lock().map_err(|_| anyhow!("the ledger is unusable after a panic"))
}

impl Ledger {
    fn append(&mut self, line: &impl Serialize) -> Result<()> {
        let mut bytes = serde_json::to_vec(line).context("failed to render a line of the ledger")?;
        bytes.push(b'\n');
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("failed to write to the ledger {}", self.path.display()))
    }
}

/// Writes down how to undo a change that is about to be made. Does nothing when no
/// ledger is open.
///
/// # Errors
/// When it cannot be written; the change must not be made then.
pub fn intend(undo: impl FnOnce() -> Undo) -> Result<()> {
    try_intend(|| Ok(undo()))
}

/// As [`intend`], for a change whose undo must be read from the kernel first.
///
/// # Errors
/// As [`intend`], and those of `undo`.
pub fn try_intend(undo: impl FnOnce() -> Result<Undo>) -> Result<()> {
    match &mut *lock()? {
        Some(ledger) => ledger.append(&undo()?),
        None => Ok(()),
    }
}

/// Whether a ledger is open: the kernel is a host's, which others use too.
pub fn is_open() -> bool {
    lock().is_ok_and(|ledger| ledger.is_some())
}

/// Ends writing. Returns the file, if a ledger was open.
pub(super) fn take_path() -> Result<Option<PathBuf>> {
    Ok(lock()?.take().map(|ledger| ledger.path))
}

/// The kernel's name for the current boot.
pub(super) fn boot_id() -> Result<String> {
    let file = "/proc/sys/kernel/random/boot_id";
    Ok(fs::read_to_string(file).with_context(|| format!("failed to read {file}"))?.trim().into())
}
