//! The journal of a run that stopped anywhere.

use std::fs;

use hookbench_model::Measurement;
use hookbench_results::store::{JOURNAL_FILE, Journal};

/// What is read of a journal stands in it, whole; and what is appended to it,
/// whatever its end, is read after that.
pub fn holds(bytes: &[u8]) {
    // In memory where there is such a folder: a disk would be asked to flush.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    let file = folder.path().join(JOURNAL_FILE);
    fs::write(&file, bytes).expect("a file");
    let read = Journal::read(folder.path()).expect("a journal is read, whatever it holds");
    let whole = bytes.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let lines: Vec<Measurement> =
        whole.clone().filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(read.measurements, lines);
    assert_eq!(read.measurements.len() + read.ignored.len(), whole.count());
    assert_eq!(read.torn, !bytes.is_empty() && !bytes.ends_with(b"\n"));

    let Some(first) = lines.first() else { return };
    let mut journal = Journal::open(folder.path()).expect("a journal");
    journal.append(first).expect("space");
    let again = Journal::read(folder.path()).expect("a journal");
    assert!(!again.torn && again.ignored == read.ignored);
    assert_eq!(again.measurements.split_last(), Some((first, &lines[..])), "a line is lost");
}
