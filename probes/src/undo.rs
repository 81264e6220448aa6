//! What a ledger says: how each change that was made to a kernel is undone, a line of
//! JSON each. Who writes it, and who does what it says, is in `attach/ledger.rs`.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How a change is undone. Each can be done again, and where there is nothing to undo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Undo {
    /// Add a text to a file of the kernel.
    Add {
        /// The file.
        file: PathBuf,
        /// What takes the change away.
        text: String,
    },
    /// Write a file of the kernel as it was.
    Write {
        /// The file.
        file: PathBuf,
        /// What it held.
        text: String,
    },
    /// Remove a folder of tracefs and all that it has switched on.
    Instance(PathBuf),
    /// Delete an audit rule of ours.
    AuditRule {
        /// The system calls it is about.
        syscalls: Vec<u32>,
        /// Whose.
        pid: Pid,
    },
    /// Set the audit subsystem as it was.
    Audit {
        /// Off or on.
        enabled: u32,
        /// How many records may wait.
        backlog_limit: u32,
    },
    /// Make the kernel's audit thread an ordinary task again.
    Kauditd,
}

/// Whose system calls a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pid {
    /// Everybody's.
    Any,
    /// This process's.
    Is(u32),
    /// Those of all but this process.
    IsNot(u32),
}

/// The first line: of another boot, there is nothing to undo.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The kernel's `boot_id`.
    pub boot_id: String,
}

/// The bytes are no ledger.
#[derive(Debug, thiserror::Error)]
pub enum NotALedger {
    /// It does not begin as one.
    #[error("this is no ledger of hookbench: {0}")]
    Head(serde_json::Error),
    /// Something else wrote into it.
    #[error("a line of the ledger is damaged: {0}")]
    Line(serde_json::Error),
}

/// What is to be undone of a ledger that was written in the boot `boot_id` or another
/// one. A last line without an end is of a change that was never made.
///
/// # Errors
/// When it is none.
pub fn read(text: &[u8], boot_id: &str) -> Result<Vec<Undo>, NotALedger> {
    let mut lines = text.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let Some(head) = lines.next() else { return Ok(Vec::new()) };
    let head: Head = serde_json::from_slice(head).map_err(NotALedger::Head)?;
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
        let lines = [undo("1"), Undo::AuditRule { syscalls: vec![59], pid: Pid::IsNot(7) }, Undo::Kauditd];
        let mut text = b"{\"boot_id\":\"b\"}\n".to_vec();
        for line in &lines {
            text.extend(serde_json::to_vec(line).unwrap());
            text.push(b'\n');
        }
        assert_eq!(read(&text, "b").unwrap(), lines);
        assert_eq!(read(&text[..text.len() - 3], "b").unwrap(), lines[..2]);
        assert_eq!(read(&text, "another boot").unwrap(), []);
        assert_eq!(read(b"{\"boot", "b").unwrap(), []);
        assert!(read(b"name,value\n", "b").is_err());
        assert!(read(b"{\"boot_id\":\"b\"}\n{}\n", "b").is_err());
    }
}
