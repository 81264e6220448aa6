//! Where the ledger of this machine is, who may write it, and whether an earlier run
//! left one. One place for a machine, for its kernel is one. What stands in it is the
//! agent's business (`probes/src/attach/ledger.rs`).

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use hookbench_vm::flock::try_lock;

/// For root; nobody else changes anything.
const PLACE: &str = "/var/lib/hookbench";
const FILE: &str = "host.ledger";
const LOCK: &str = "host.lock";

/// The right to change this machine's kernel, as far as hookbench gives it.
#[derive(Debug)]
pub struct Ledger {
    folder: PathBuf,
    _lock: File,
}

impl Ledger {
    /// Takes it for a run.
    ///
    /// # Errors
    /// When another run is at work, or one was killed and left something to undo.
    pub fn take() -> Result<Ledger> {
        let ledger = Ledger::lock()?;
        if ledger.is_left()? {
            bail!(
                "an earlier run on this machine was killed, and what it changed in the kernel is still there; \
                 undo it first with: hookbench clean-host (its ledger is {})",
                ledger.file().display()
            );
        }
        Ok(ledger)
    }

    /// Takes it for whoever undoes.
    ///
    /// # Errors
    /// When a run is at work, or the folder cannot be made.
    pub fn lock() -> Result<Ledger> {
        let folder = folder()?;
        fs::create_dir_all(&folder)
            .with_context(|| format!("failed to make the folder {}", folder.display()))?;
        let path = folder.join(LOCK);
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.with_context(|| format!("failed to open {}", path.display()))?;
        if !try_lock(&lock).unwrap_or(true) {
            bail!("another hookbench measures on this machine; two would measure each other");
        }
        Ok(Ledger { folder, _lock: lock })
    }

    /// The file.
    pub fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Whether something is left to undo.
    ///
    /// # Errors
    /// When it cannot be told.
    pub fn is_left(&self) -> Result<bool> {
        let file = self.file();
        file.try_exists().with_context(|| format!("failed to look for {}", file.display()))
    }
}

fn folder() -> Result<PathBuf> {
    // SAFETY: asks for a number.
    if unsafe { libc::geteuid() } == 0 {
        return Ok(PLACE.into());
    }
    let state = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let state =
        state.or_else(home).context("neither XDG_STATE_HOME nor HOME is set: nowhere to keep the ledger")?;
    Ok(state.join("hookbench"))
}
