//! The ledger: what a monitor changes in a kernel beyond the life of its processes,
//! written to the disk before it is done, so that it can be undone whatever happens.
//! A guest has none: it ends with its cell. Which changes there are is known to those
//! who make them; how a ledger is read, in `undo.rs`.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result, anyhow, bail};
use serde::Serialize;

use super::audit_link::{AuditLink, Setting};
use super::tracefs;
pub use crate::undo::Undo;
use crate::undo::{Head, read};

struct Ledger {
    path: PathBuf,
    file: File,
}

static LEDGER: Mutex<Option<Ledger>> = Mutex::new(None);

/// From now on, changes are written to a new file at `path` before they are made.
///
/// # Errors
/// When it is there already, or cannot be written.
pub fn open(path: &Path) -> Result<()> {
    let file = OpenOptions::new().create_new(true).append(true).open(path);
    let file = file.with_context(|| format!("failed to make the ledger {}", path.display()))?;
    let mut ledger = Ledger { path: path.into(), file };
    ledger.append(&Head { boot_id: boot_id()? })?;
    // The file's name has to be on the disk as well.
    path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())?;
    *lock()? = Some(ledger);
    Ok(())
}

fn lock() -> Result<std::sync::MutexGuard<'static, Option<Ledger>>> {
    LEDGER.lock().map_err(|_| anyhow!("the ledger was left by a panic"))
}

impl Ledger {
    fn append(&mut self, line: &impl Serialize) -> Result<()> {
        let mut bytes = serde_json::to_vec(line).context("failed to render a line of the ledger")?;
        bytes.push(b'\n');
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.with_context(|| format!("failed to write to the ledger {}", self.path.display()))
    }
}

/// Writes down how a change is undone that is about to be made. Nothing where no
/// ledger is open.
///
/// # Errors
/// When it cannot be written: the change must not be made then.
pub fn intend(undo: impl FnOnce() -> Undo) -> Result<()> {
    match &mut *lock()? {
        Some(ledger) => ledger.append(&undo()),
        None => Ok(()),
    }
}

/// The same of a change that its reading may fail to find out.
///
/// # Errors
/// As of [`intend`], and those of `undo`.
pub fn try_intend(undo: impl FnOnce() -> Result<Undo>) -> Result<()> {
    match &mut *lock()? {
        Some(ledger) => ledger.append(&undo()?),
        None => Ok(()),
    }
}

/// Whether a ledger is open: the kernel is one that others use.
pub fn is_open() -> bool {
    lock().is_ok_and(|ledger| ledger.is_some())
}

/// Undoes what the open ledger says and removes it.
///
/// # Errors
/// When something could not be undone; the ledger then stays.
pub fn close() -> Result<()> {
    let path = match lock()?.take() {
        Some(ledger) => ledger.path,
        None => return Ok(()),
    };
    settle(&path).map(|_| ())
}

/// Undoes what the ledger at `path` says, the last first, and removes it. Returns
/// what was undone.
///
/// # Errors
/// When something could not be undone; the ledger then stays.
pub fn settle(path: &Path) -> Result<Vec<Undo>> {
    let text = fs::read(path).with_context(|| format!("failed to read the ledger {}", path.display()))?;
    let mut undone = read(&text, &boot_id()?).with_context(|| format!("in {}", path.display()))?;
    undone.reverse();
    let mut errors = Vec::new();
    for undo in &undone {
        if let Err(error) = perform(undo) {
            errors.push(format!("{undo:?}: {error:#}"));
        }
    }
    if !errors.is_empty() {
        bail!("could not be undone: {}", errors.join("; "));
    }
    fs::remove_file(path).with_context(|| format!("failed to remove {}", path.display()))?;
    Ok(undone)
}

fn boot_id() -> Result<String> {
    let file = "/proc/sys/kernel/random/boot_id";
    Ok(fs::read_to_string(file).with_context(|| format!("failed to read {file}"))?.trim().into())
}

/// Undoes a change.
fn perform(undo: &Undo) -> Result<()> {
    match undo {
        Undo::Add { file, text } => gone(tracefs::append_to(file, text)),
        Undo::Write { file, text } => gone(fs::write(file, text)),
        Undo::Instance(folder) => gone(fs::remove_dir(folder)),
        Undo::AuditRule { syscalls, pid } => match link()?.delete_rule(syscalls, *pid) {
            Err(error) if number(&error) == Some(libc::ENOENT) => Ok(()),
            result => result,
        },
        Undo::Audit { enabled, backlog_limit } => {
            let link = link()?;
            link.set(Setting::BacklogLimit(*backlog_limit))?;
            link.set(Setting::Enabled(*enabled))
        }
        Undo::Kauditd => super::set_ordinary(super::audit_link::kauditd()?).map_err(Into::into),
    }
}

fn link() -> Result<AuditLink> {
    AuditLink::open().map_err(|closed| anyhow!("failed to open audit: {closed:?}"))
}

/// What is not there need not be taken away. The kernel says EINVAL of a function
/// that a filter does not have.
fn gone(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if [Some(libc::ENOENT), Some(libc::EINVAL)].contains(&error.raw_os_error()) => Ok(()),
        result => Ok(result?),
    }
}

fn number(error: &anyhow::Error) -> Option<i32> {
    error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()?.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undo(text: &str) -> Undo {
        Undo::Write { file: "/proc/sys/x".into(), text: text.into() }
    }

    #[test]
    fn what_was_intended_is_undone_and_the_ledger_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, file) = (folder.path().join("ledger"), folder.path().join("setting"));
        fs::write(&file, "old").unwrap();
        intend(|| undo("nobody keeps it")).unwrap();
        open(&ledger).unwrap();
        assert!(open(&ledger).is_err());
        intend(|| Undo::Write { file: file.clone(), text: "old".into() }).unwrap();
        intend(|| Undo::Instance(folder.path().join("nowhere"))).unwrap();
        fs::write(&file, "new").unwrap();
        close().unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        assert!(!ledger.exists() && !is_open());
    }
}
