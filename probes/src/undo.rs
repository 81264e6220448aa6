//! The format of a ledger: a line of JSON for each change to a kernel says how to undo it.
//! `attach/ledger` writes ledgers and undoes what they list.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How to undo a change. Undoing it again, or where there is nothing to undo, is harmless.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Undo {
    /// Add a text to a file of the kernel.
    Add {
        /// The file.
        file: PathBuf,
        /// The text that reverts the change.
        text: String,
    },
    /// Write to a file of the kernel what it held.
    Write {
        /// The file.
        file: PathBuf,
        /// What it held.
        text: String,
    },
    /// Remove a folder of tracefs and all that it switched on.
    Instance(PathBuf),
    /// Delete one of hookbench's audit rules.
    AuditRule {
        /// The system calls that it records.
        syscalls: Vec<u32>,
        /// The processes that it records.
        pid: RulePid,
    },
    /// Set the audit subsystem to what it was.
    Audit {
        /// Off or on.
        enabled: u32,
        /// How many records may wait.
        backlog_limit: u32,
    },
    /// Make the kernel's audit thread an ordinary task again.
    Kauditd,
}

/// The processes whose system calls an audit rule records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RulePid {
    /// All.
    Any,
    /// This process.
    Is(u32),
    /// All but this process.
    IsNot(u32),
}

/// The first line. After another boot there is nothing to undo.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerHead {
    /// The kernel's `boot_id`.
    pub boot_id: String,
}

/// The bytes are not a ledger.
#[derive(Debug, thiserror::Error)]
pub enum NotALedger {
    /// They do not begin as one.
    #[error("this is not a ledger of hookbench: {0}")]
    Head(serde_json::Error),
    /// A line is not one that hookbench writes.
    #[error("a line of the ledger is damaged: {0}")]
    Line(serde_json::Error),
}

/// What the ledger `text` lists to undo; nothing when it was written in another boot than
/// `boot_id`. A last line without an end belongs to a change that was never made.
///
/// # Errors
/// When it is not a ledger.
pub fn read_ledger(text: &[u8], boot_id: &str) -> Result<Vec<Undo>, NotALedger> {
    let mut lines = text.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let Some(head) = lines.next() else { return Ok(Vec::new()) };
    let head: LedgerHead = serde_json::from_slice(head).map_err(NotALedger::Head)?;
    if head.boot_id != boot_id {
        return Ok(Vec::new());
    }
    lines.map(|line| serde_json::from_slice(line).map_err(NotALedger::Line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undo(text: &str) -> Undo {
        Undo::Write { file: "/proc/sys/x".into(), text: text.into() }
    }

    #[test]
    fn what_is_written_is_read_and_a_torn_line_is_of_nothing_that_was_done() {
        let lines =
            [undo("1"), Undo::AuditRule { syscalls: vec![59], pid: RulePid::IsNot(7) }, Undo::Kauditd];
        let mut text = b"{\"boot_id\":\"b\"}\n".to_vec();
        for line in &lines {
            text.extend(serde_json::to_vec(line).unwrap());
            text.push(b'\n');
        }
        assert_eq!(read_ledger(&text, "b").unwrap(), lines);
        assert_eq!(read_ledger(&text[..text.len() - 3], "b").unwrap(), lines[..2]);
        assert_eq!(read_ledger(&text, "another boot").unwrap(), []);
        assert_eq!(read_ledger(b"{\"boot", "b").unwrap(), []);
        assert!(read_ledger(b"name,value\n", "b").is_err());
        assert!(read_ledger(b"{\"boot_id\":\"b\"}\n{}\n", "b").is_err());
    }
}
