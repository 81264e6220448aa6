//! The journal of a run in progress: one line per cell, appended when the cell ends. It
//! survives an interruption. Reading it skips lines that a killed process, a full disk or a
//! power cut left incomplete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use hookbench_model::Measurement;

/// The name of the journal in a run's folder.
pub const JOURNAL_FILE: &str = "journal.jsonl";

/// A journal that is open for appending.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    /// The length up to which all lines are complete.
    length: u64,
}

/// The contents of a journal.
#[derive(Debug, Default)]
pub struct JournalContents {
    /// The measurements in the order of the file. A cell that was measured again occurs twice.
    pub measurements: Vec<Measurement>,
    /// The numbers, from 1, of lines that are not measurements.
    pub ignored: Vec<usize>,
    /// Whether the last line is cut off, because the process that wrote it ended.
    pub torn: bool,
}

impl Journal {
    /// Opens the journal in `folder` for appending and creates it if it is missing. An
    /// incomplete last line is removed: the next line would otherwise continue it, and both
    /// would be lost.
    ///
    /// # Errors
    /// If the file cannot be opened, read or truncated.
    pub fn open(folder: &Path) -> Result<Journal> {
        let path = folder.join(JOURNAL_FILE);
        let opened = || -> io::Result<(File, u64)> {
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            let written = fs::read(&path)?;
            let whole = written.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
            if whole < written.len() {
                file.set_len(whole as u64)?;
            }
            Ok((file, whole as u64))
        };
        let (file, length) =
            opened().with_context(|| format!("failed to open the journal {}", path.display()))?;
        Ok(Journal { path, file, length })
    }

    /// Appends a measurement: one write, and then flushed to the disk. The write
    /// survives the end of this process. The flush survives a power cut, and it is fast
    /// compared with a cell.
    ///
    /// # Errors
    /// If it cannot be written, for example on a full disk. The journal is then unchanged.
    pub fn append(&mut self, measurement: &Measurement) -> Result<()> {
        let mut line = serde_json::to_vec(measurement).context("failed to render a measurement")?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        match &written {
            Ok(()) => self.length += line.len() as u64,
            // Half a line only takes up space. If it cannot be removed now, the next `open`
            // removes it.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        written.with_context(|| format!("failed to write to the journal {}", self.path.display()))
    }

    /// Reads the journal in `folder`; a missing one is empty. Lines that are not measurements
    /// are skipped, so their cells are measured again.
    ///
    /// # Errors
    /// If the file exists and cannot be read.
    pub fn read(folder: &Path) -> Result<JournalContents> {
        let path = folder.join(JOURNAL_FILE);
        let written = match fs::read(&path) {
            Ok(written) => written,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(JournalContents::default()),
            Err(error) => return Err(error).with_context(|| format!("failed to read {}", path.display())),
        };
        let mut found = JournalContents::default();
        for (index, line) in written.split_inclusive(|&byte| byte == b'\n').enumerate() {
            match serde_json::from_slice(line) {
                // `open` removes a complete measurement without its line break.
                Ok(measurement) if line.ends_with(b"\n") => found.measurements.push(measurement),
                _ if !line.ends_with(b"\n") => found.torn = true,
                _ => found.ignored.push(index + 1),
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::{Cell, Clock, Measured, MonitorName, Outcome, Schedule, Target};
    use proptest::prelude::*;

    fn measurement(number: u64) -> Measurement {
        let cell = Cell {
            kernel: "6.1".into(),
            target: Target::Tcg,
            boot: Default::default(),
            workload: "mprotect-storm".into(),
            params: format!("to={number}").parse().unwrap(),
            schedule: Schedule::Burst,
            monitor: MonitorName::none(),
            tuning: Default::default(),
        };
        let measured = Measured { samples: vec![number], ..Measured::default() };
        Measurement { cell, clock: Clock::Instructions, history: None, outcome: Outcome::Measured(measured) }
    }

    /// A folder with a journal of `cells` cells, and the journal's bytes.
    fn journal(cells: u64) -> (tempfile::TempDir, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        (0..cells).for_each(|number| journal.append(&measurement(number)).unwrap());
        let bytes = fs::read(folder.path().join(JOURNAL_FILE)).unwrap();
        (folder, bytes)
    }

    fn numbers(folder: &Path) -> Vec<u64> {
        let found = Journal::read(folder).unwrap().measurements;
        found.iter().map(|measurement| measurement.measured().unwrap().samples[0]).collect()
    }

    #[test]
    fn reading_a_journal_gives_what_was_appended() {
        let (folder, _) = journal(3);
        let found = Journal::read(folder.path()).unwrap();
        assert_eq!(found.measurements, [measurement(0), measurement(1), measurement(2)]);
        assert!(found.ignored.is_empty() && !found.torn);
    }

    #[test]
    fn a_line_appended_after_a_torn_one_is_complete() {
        let (folder, bytes) = journal(2);
        let first = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        for length in first..bytes.len() {
            fs::write(folder.path().join(JOURNAL_FILE), &bytes[..length]).unwrap();
            assert_eq!(numbers(folder.path()), [0], "{length}");
            Journal::open(folder.path()).unwrap().append(&measurement(7)).unwrap();
            assert_eq!(numbers(folder.path()), [0, 7], "{length}");
        }
    }

    #[test]
    fn garbage_in_the_middle_loses_only_its_own_lines() {
        let (folder, bytes) = journal(3);
        let mut lines: Vec<&[u8]> = bytes.split_inclusive(|&byte| byte == b'\n').collect();
        // A power cut can leave zeros in place of a line.
        let zeros = [&[0; 40][..], b"\n"].concat();
        lines[1] = &zeros;
        lines.insert(2, b"\xff\xfe{\n");
        fs::write(folder.path().join(JOURNAL_FILE), lines.concat()).unwrap();
        let found = Journal::read(folder.path()).unwrap();
        assert_eq!((found.ignored, found.torn), (vec![2, 3], false));
        assert_eq!(numbers(folder.path()), [0, 2]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic_and_can_be_appended_to(
            bytes in proptest::collection::vec(any::<u8>(), 0..300)
        ) {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(JOURNAL_FILE), &bytes).unwrap();
            prop_assert!(Journal::read(folder.path()).is_ok());
            Journal::open(folder.path()).unwrap().append(&measurement(9)).unwrap();
            prop_assert_eq!(numbers(folder.path()), [9]);
        }
    }
}
