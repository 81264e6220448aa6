//! The place and the lock of this machine's ledger, and whether an earlier run left one
//! behind. There is one ledger per machine, because it has one kernel. The agent reads
//! and writes its contents (`probes/src/attach/ledger/`).

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use hookbench_vm::flock::try_lock;
use rustix::process::geteuid;

/// The folder for root. Other users cannot change the kernel.
const PLACE: &str = "/var/lib/hookbench";
const FILE: &str = "host.ledger";
const LOCK: &str = "host.lock";

/// The exclusive right, among hookbench processes, to change this machine's kernel.
#[derive(Debug)]
pub(super) struct Ledger {
    folder: PathBuf,
    _lock: File,
}

impl Ledger {
    /// Takes the ledger for a run.
    ///
    /// # Errors
    /// When another run is in progress, or a killed run left changes to undo.
    pub(super) fn take() -> Result<Ledger> {
        let ledger = Ledger::lock()?;
        if ledger.is_left()? {
            bail!(
                "an earlier run on this machine was killed and left changes in the kernel; undo them first \
                 with: hookbench clean-host (the ledger is {})",
                ledger.file().display()
            );
        }
        Ok(ledger)
    }

    /// Takes the ledger, whether or not changes are left to undo.
    ///
    /// # Errors
    /// When a run is in progress, or the folder cannot be created.
    pub(super) fn lock() -> Result<Ledger> {
        let folder = folder()?;
        fs::create_dir_all(&folder)
            .with_context(|| format!("failed to create the folder {}", folder.display()))?;
        let path = folder.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.with_context(|| format!("failed to open {}", path.display()))?;
        if !try_lock(&lock).unwrap_or(true) {
            bail!(
                "another hookbench is measuring on this machine; wait until it ends, or they disturb each other"
            );
        }
        Ok(Ledger { folder, _lock: lock })
    }

    /// The path of the ledger.
    pub(super) fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Whether changes are left to undo.
    ///
    /// # Errors
    /// When hookbench cannot look for the file.
    pub(super) fn is_left(&self) -> Result<bool> {
        let file = self.file();
        file.try_exists().with_context(|| format!("failed to look for {}", file.display()))
    }
}

fn folder() -> Result<PathBuf> {
    if geteuid().is_root() {
        return Ok(PLACE.into());
    }
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state =
        state.or_else(home).context("no place for the ledger: neither XDG_STATE_HOME nor HOME is set")?;
    Ok(state.join("hookbench"))
}
