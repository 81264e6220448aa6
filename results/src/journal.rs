//! The journal of a run: one line per cell, appended when the cell ends. It survives an
//! interruption. A killed process, a full disk or a power cut can leave a line half
//! written; the journal finds such lines and leaves them out.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hookbench_model::Measurement;
use serde::Serialize;

use crate::ScenarioCell;
use crate::attachments::{self, Attachment};

/// The name of the journal in a run's folder.
pub const JOURNAL_FILE: &str = "journal.jsonl";

/// A journal that is open for appending.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    file: File,
    /// The number of bytes in whole lines.
    length: u64,
}

/// The contents of a journal.
#[derive(Debug, Default)]
pub struct JournalContents {
    /// The measurements in the order in which they ended. A cell that was measured again
    /// is there twice.
    pub measurements: Vec<Measurement>,
    /// The cells of scenarios, in the same way.
    pub scenarios: Vec<ScenarioCell>,
    /// The numbers, from 1, of the lines that are neither.
    pub ignored: Vec<usize>,
    /// Whether the last line was cut off, because the process that wrote it was killed.
    pub torn: bool,
}

impl Journal {
    /// Opens the journal in `folder` for appending, and creates it if it does not exist.
    /// Removes a last line that was cut off: the next line would be appended to it, and
    /// both would be lost.
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
        Ok(Journal { folder: folder.into(), file, length })
    }

    /// Writes the attachments of a cell, then appends its measurement. An interruption
    /// between the two leaves files without a measurement, and a resumed run measures the
    /// cell again. It never leaves a measurement without its files.
    ///
    /// # Errors
    /// If one of them cannot be written, for example on a full disk.
    pub fn append_with(&mut self, measurement: &Measurement, attachments: &[Attachment]) -> Result<()> {
        attachments::replace(&self.folder, &measurement.cell, attachments)?;
        self.append(measurement)
    }

    /// Appends a measurement in one write, and flushes it to the disk. The write alone
    /// survives the end of this process; the flush is for a power cut, and takes little
    /// time compared with a cell.
    ///
    /// # Errors
    /// If it cannot be written, for example on a full disk. The journal is then
    /// unchanged.
    pub fn append(&mut self, measurement: &Measurement) -> Result<()> {
        self.append_line(measurement)
    }

    /// Appends a cell of scenarios in the same way.
    ///
    /// # Errors
    /// If it cannot be written. The journal is then unchanged.
    pub fn append_scenario(&mut self, cell: &ScenarioCell) -> Result<()> {
        self.append_line(cell)
    }

    fn append_line(&mut self, entry: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(entry).context("failed to render a cell")?;
        line.push(b'\n');
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        match &written {
            Ok(()) => self.length += line.len() as u64,
            // Half a line only takes space. If it cannot be removed either, `open` does
            // it the next time.
            Err(_) => drop(self.file.set_len(self.length)),
        }
        written.with_context(|| {
            format!("failed to write to the journal {}", self.folder.join(JOURNAL_FILE).display())
        })
    }

    /// Reads the journal in `folder`; a missing one is empty. Leaves out lines that are not
    /// cells, so that a resumed run measures their cells again.
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
            if !line.ends_with(b"\n") {
                // `open` removes even a whole cell without its line break.
                found.torn = true;
            } else if let Ok(measurement) = serde_json::from_slice(line) {
                found.measurements.push(measurement);
            } else if let Ok(cell) = serde_json::from_slice(line) {
                found.scenarios.push(cell);
            } else {
                found.ignored.push(index + 1);
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

    /// A folder with a journal of this many cells, and the journal's bytes.
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

    #[test]
    fn a_measurement_is_kept_after_its_attachments() {
        let (folder, _) = journal(1);
        let calls = |bytes: &[u8]| [Attachment::new("calls", bytes.to_vec()).unwrap()];
        let kept = || attachments::read(folder.path(), &measurement(7).cell, "calls").unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        journal.append_with(&measurement(7), &calls(b"1")).unwrap();
        assert_eq!(kept().as_slice(), calls(b"1"));
        assert_eq!(numbers(folder.path()), [0, 7]);
        journal.append_with(&measurement(7), &[]).unwrap();
        assert_eq!(kept(), None);
        // A file in the place of the folder: without the attachment, no measurement.
        fs::remove_dir_all(folder.path().join(attachments::FOLDER)).unwrap();
        fs::write(folder.path().join(attachments::FOLDER), "").unwrap();
        assert!(journal.append_with(&measurement(8), &calls(b"2")).is_err());
        assert_eq!(numbers(folder.path()), [0, 7, 7]);
    }

    #[test]
    fn a_journal_has_cells_of_scenarios_too() {
        let (folder, _) = journal(1);
        let cell = ScenarioCell {
            kernel: "6.1".into(),
            scenario: "userns".into(),
            policy: "none".into(),
            outcome: crate::ScenarioOutcome::Unsupported("no BTF".into()),
        };
        Journal::open(folder.path()).unwrap().append_scenario(&cell).unwrap();
        let found = Journal::read(folder.path()).unwrap();
        assert_eq!((found.measurements.len(), found.ignored.len()), (1, 0));
        assert_eq!(found.scenarios, [cell]);
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
