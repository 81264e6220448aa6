//! Undoes what a ledger lists.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::record::{boot_id, take_path};
use crate::attach::audit_link::{AuditLink, Setting, kauditd_pid};
use crate::attach::{scheduling, tracefs};
use crate::undo::{Undo, read_ledger};

/// Undoes what the open ledger lists and removes it.
///
/// # Errors
/// When something could not be undone; the ledger then stays.
pub fn close() -> Result<()> {
    match take_path()? {
        Some(path) => settle(&path).map(|_| ()),
        None => Ok(()),
    }
}

/// Undoes what the ledger at `path` lists, the last first, and removes it. Returns
/// what it undid.
///
/// # Errors
/// When something could not be undone; the ledger then stays.
pub fn settle(path: &Path) -> Result<Vec<Undo>> {
    let text = fs::read(path).with_context(|| format!("failed to read the ledger {}", path.display()))?;
    let mut undone =
        read_ledger(&text, &boot_id()?).with_context(|| format!("failed to read {}", path.display()))?;
    undone.reverse();
    let mut errors = Vec::new();
    for undo in &undone {
        if let Err(error) = perform(undo) {
            errors.push(format!("{undo:?}: {error:#}"));
        }
    }
    if !errors.is_empty() {
        bail!("failed to undo: {}", errors.join("; "));
    }
    fs::remove_file(path).with_context(|| format!("failed to remove {}", path.display()))?;
    Ok(undone)
}

/// Undoes a change.
fn perform(undo: &Undo) -> Result<()> {
    match undo {
        Undo::Add { file, text } => accept_missing(tracefs::append_to(file, text)),
        Undo::Write { file, text } => accept_missing(fs::write(file, text)),
        Undo::Instance(folder) => accept_missing(fs::remove_dir(folder)),
        Undo::AuditRule { syscalls, pid } => match AuditLink::open_or_fail()?.delete_rule(syscalls, *pid) {
            Err(error) if error_number(&error) == Some(libc::ENOENT) => Ok(()),
            result => result,
        },
        Undo::Audit { enabled, backlog_limit } => {
            let link = AuditLink::open_or_fail()?;
            link.set(Setting::BacklogLimit(*backlog_limit))?;
            link.set(Setting::Enabled(*enabled))
        }
        Undo::Kauditd => scheduling::set_ordinary(kauditd_pid()?).map_err(Into::into),
    }
}

/// A change that is not there needs no undoing. For a function that a filter does not
/// contain, the kernel returns EINVAL.
fn accept_missing(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if [Some(libc::ENOENT), Some(libc::EINVAL)].contains(&error.raw_os_error()) => Ok(()),
        result => Ok(result?),
    }
}

fn error_number(error: &anyhow::Error) -> Option<i32> {
    error.chain().find_map(|cause| cause.downcast_ref::<io::Error>()?.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attach::ledger::{intend, is_open, open};

    fn undo(text: &str) -> Undo {
        Undo::Write { file: "/proc/sys/x".into(), text: text.into() }
    }

    #[test]
    fn what_was_intended_is_undone_and_the_ledger_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (ledger, file) = (folder.path().join("ledger"), folder.path().join("setting"));
        fs::write(&file, "old").unwrap();
        intend(|| undo("no ledger is open")).unwrap();
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
