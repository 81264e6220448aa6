//! The journal of a run that was interrupted anywhere.

use std::fs;

use hookbench_model::Measurement;
use hookbench_results::ScenarioCell;
use hookbench_results::store::{JOURNAL_FILE, Journal};

/// Reading a journal gives its complete lines. A line that is appended, whatever the end
/// of the journal, is read after them.
pub fn holds(bytes: &[u8]) {
    // Preferably in memory, because appending to a journal flushes the disk.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    let file = folder.path().join(JOURNAL_FILE);
    fs::write(&file, bytes).expect("a file");
    let read = Journal::read(folder.path()).expect("a journal is read, whatever it holds");
    let whole = bytes.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
    let lines: Vec<Measurement> =
        whole.clone().filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert_eq!(read.measurements, lines);
    let is_scenario = |line: &&[u8]| serde_json::from_slice::<ScenarioCell>(line).is_ok();
    assert_eq!(read.scenarios.len(), whole.clone().filter(is_scenario).count());
    assert_eq!(read.measurements.len() + read.scenarios.len() + read.ignored.len(), whole.count());
    assert_eq!(read.torn, !bytes.is_empty() && !bytes.ends_with(b"\n"));

    let Some(first) = lines.first() else { return };
    let mut journal = Journal::open(folder.path()).expect("a journal");
    journal.append(first).expect("space");
    let again = Journal::read(folder.path()).expect("a journal");
    assert!(!again.torn && again.ignored == read.ignored);
    assert_eq!(again.measurements.split_last(), Some((first, &lines[..])), "a line is lost");
}
