//! The login uid of a process (`auid` in audit rules): who logged in. A process of a guest has none until it is set.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process;

/// The file that holds it.
pub const FILE: &str = "/proc/self/loginuid";

/// Sets the login uid of this process.
///
/// # Errors
/// When the kernel refuses.
pub fn set(uid: u32) -> io::Result<()> {
    OpenOptions::new().write(true).open(FILE)?.write_all(uid.to_string().as_bytes())
}

/// The login uid of the worker, which is the child of this process that has stopped; a workload may have set another
/// than the cell asks for. The outer option is `None` if there is no such child, the inner one if the login uid is
/// unset.
pub(crate) fn of_stopped_child() -> Option<Option<u32>> {
    let mut entries = fs::read_dir("/proc").ok()?.flatten();
    let worker = entries.find(|entry| {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        is_stopped_child(&stat, process::id())
    })?;
    of(&worker.path())
}

/// The login uid of the process whose folder in /proc is `folder`.
fn of(folder: &Path) -> Option<Option<u32>> {
    let uid: u32 = fs::read_to_string(folder.join("loginuid")).ok()?.trim().parse().ok()?;
    Some((uid != u32::MAX).then_some(uid))
}

/// Whether the file /proc/PID/stat is that of a stopped child of `parent`.
fn is_stopped_child(stat: &str, parent: u32) -> bool {
    // The name, in parentheses, may contain anything.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let mut fields = fields.split_whitespace();
    fields.next() == Some("T") && fields.next() == Some(parent.to_string().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_child_is_known_by_its_state_and_parent() {
        assert!(is_stopped_child("71 (init) T 1 71 1 0", 1));
        assert!(is_stopped_child("71 (a) S 1 b) T 1 71 1 0", 1));
        assert!(!is_stopped_child("71 (init) S 1 71 1 0", 1));
        assert!(!is_stopped_child("71 (init) T 12 71 1 0", 1));
        assert!(!is_stopped_child("", 1));
    }
}
