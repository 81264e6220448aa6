//! A run's folder: `run.json`, `samples.csv.zst` and the journal that a run
//! writes as it goes. The journal is what survives an interruption; the other
//! two are made from it.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::run::SCHEMA;
use crate::{Measurement, Outcome, Run};

/// The name of the run's description in its folder.
pub const RUN_FILE: &str = "run.json";
/// The name of the samples' file in a run's folder.
pub const SAMPLES_FILE: &str = "samples.csv.zst";
/// The name of the journal in a run's folder.
pub const JOURNAL_FILE: &str = "journal.jsonl";

/// The compression level of samples; fixed, for equal runs have equal files.
const LEVEL: i32 = 9;

/// Writes `run` into `folder`: the description and the samples.
///
/// # Errors
/// When a file cannot be written; the error names it.
pub fn save(run: &Run, folder: &Path) -> Result<()> {
    write_whole(&folder.join(SAMPLES_FILE), &compressed_samples(run)?)?;
    let mut json =
        serde_json::to_vec_pretty(&without_samples(run)).context("failed to render the run as JSON")?;
    json.push(b'\n');
    write_whole(&folder.join(RUN_FILE), &json)
}

/// Reads the run that [`save`] wrote into `folder`.
///
/// # Errors
/// When a file is missing, is not of this format, or is of a newer version.
pub fn load(folder: &Path) -> Result<Run> {
    let path = folder.join(RUN_FILE);
    let json = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let mut run: Run =
        serde_json::from_slice(&json).with_context(|| format!("failed to understand {}", path.display()))?;
    ensure!(
        run.schema <= SCHEMA,
        "{} has format version {}, and this hookbench reads up to {SCHEMA}; use a newer hookbench",
        path.display(),
        run.schema
    );
    let path = folder.join(SAMPLES_FILE);
    read_samples(&path, &mut run).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(run)
}

/// Replaces `path` by `bytes` in one step, so that no reader sees half a file.
///
/// # Errors
/// When the file cannot be written; the old one is then as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    // Another process may be writing the same file.
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".part-{}", std::process::id()));
    let part = PathBuf::from(part);
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // What is half written only takes the space that was missing.
        let _ = fs::remove_file(&part);
    }
    written.with_context(|| format!("failed to write {}", path.display()))
}

fn without_samples(run: &Run) -> Run {
    let mut run = run.clone();
    for measurement in &mut run.measurements {
        if let Outcome::Measured(measured) = &mut measurement.outcome {
            measured.samples.clear();
        }
    }
    run
}

/// One row of the samples' file.
#[derive(Debug, Serialize, Deserialize)]
struct SampleRow {
    /// The measurement's place in the run.
    cell: usize,
    /// The sample, in the clock's unit.
    value: u64,
}

fn compressed_samples(run: &Run) -> Result<Vec<u8>> {
    let encoder = zstd::Encoder::new(Vec::new(), LEVEL).context("failed to start the compression")?;
    let mut rows = csv::Writer::from_writer(encoder);
    for (cell, measurement) in run.measurements.iter().enumerate() {
        for &value in measurement.measured().map_or(&[][..], |measured| &measured.samples) {
            rows.serialize(SampleRow { cell, value }).context("failed to render a sample")?;
        }
    }
    let encoder =
        rows.into_inner().map_err(|error| error.into_error()).context("failed to compress samples")?;
    encoder.finish().context("failed to compress samples")
}

fn read_samples(path: &Path, run: &mut Run) -> Result<()> {
    let decoder = zstd::Decoder::new(File::open(path)?)?;
    for row in csv::Reader::from_reader(decoder).deserialize() {
        let row: SampleRow = row?;
        match run.measurements.get_mut(row.cell).map(|measurement| &mut measurement.outcome) {
            Some(Outcome::Measured(measured)) => measured.samples.push(row.value),
            _ => bail!("a sample belongs to cell {}, which has no numbers in {RUN_FILE}", row.cell),
        }
    }
    Ok(())
}

/// The journal of a run that is being made: appended and flushed per cell.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Journal {
    /// Opens the journal in `folder` for appending, and makes it when missing.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(folder: &Path) -> Result<Journal> {
        let path = folder.join(JOURNAL_FILE);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("failed to open the journal {}", path.display()))?;
        Ok(Journal { path, file: BufWriter::new(file) })
    }

    /// Appends a measurement and flushes it.
    ///
    /// # Errors
    /// When it cannot be written, as on a full disk.
    pub fn append(&mut self, measurement: &Measurement) -> Result<()> {
        let mut bytes = serde_json::to_vec(measurement).context("failed to render a measurement")?;
        bytes.push(b'\n');
        self.file
            .write_all(&bytes)
            .and_then(|()| self.file.flush())
            .with_context(|| format!("failed to write to the journal {}", self.path.display()))
    }

    /// The measurements that the journal in `folder` holds. A last line that
    /// was cut off is left out: its cell is measured again.
    ///
    /// # Errors
    /// When the file is there and cannot be read.
    pub fn read(folder: &Path) -> Result<Vec<Measurement>> {
        let path = folder.join(JOURNAL_FILE);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error).with_context(|| format!("failed to open {}", path.display())),
        };
        let mut measurements = Vec::new();
        for line in BufReader::new(file).split(b'\n') {
            let line = line.with_context(|| format!("failed to read {}", path.display()))?;
            let Ok(measurement) = serde_json::from_slice(&line) else {
                continue;
            };
            measurements.push(measurement);
        }
        Ok(measurements)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cell, Clock, Environment, Failure, FailureKind, Measured, MonitorName, Schedule, Target};
    use proptest::prelude::*;

    fn measurement(params: &str, outcome: Outcome) -> Measurement {
        let cell = Cell {
            kernel: "6.1".into(),
            target: Target::Tcg,
            workload: "mprotect-storm".into(),
            params: params.parse().unwrap(),
            schedule: Schedule::Burst,
            monitor: MonitorName::none(),
        };
        Measurement { cell, clock: Clock::Instructions, history: None, outcome }
    }

    fn run() -> Run {
        let numbers = Measured { samples: vec![3, 1, 2], calibration: 5, ..Default::default() };
        let failure =
            Failure { kind: FailureKind::Timeout, message: "late".into(), console: vec!["…".into()] };
        let measurements = vec![
            measurement("to=r", Outcome::Measured(numbers)),
            measurement("to=rw", Outcome::Failed(failure)),
            measurement("to=x", Outcome::Unsupported("no such flip".into())),
        ];
        Run { schema: SCHEMA, plan: "test".into(), environment: Environment::default(), measurements }
    }

    #[test]
    fn a_run_is_read_as_it_was_written_and_equal_runs_are_equal_files() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for folder in [&one, &two] {
            save(&run(), folder.path()).unwrap();
            assert_eq!(load(folder.path()).unwrap(), run());
        }
        for file in [RUN_FILE, SAMPLES_FILE] {
            assert_eq!(fs::read(one.path().join(file)).unwrap(), fs::read(two.path().join(file)).unwrap());
        }
    }

    #[test]
    fn a_newer_format_is_refused_with_both_versions() {
        let folder = tempfile::tempdir().unwrap();
        save(&Run { schema: SCHEMA + 1, ..run() }, folder.path()).unwrap();
        let error = load(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("format version {}", SCHEMA + 1)), "{error}");
    }

    #[test]
    fn a_journal_keeps_whole_lines_and_leaves_out_the_cut_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(folder.path()).unwrap();
        for measurement in &run().measurements {
            journal.append(measurement).unwrap();
        }
        drop(journal);
        let path = folder.path().join(JOURNAL_FILE);
        let whole = fs::read(&path).unwrap();
        assert_eq!(Journal::read(folder.path()).unwrap(), run().measurements);
        fs::write(&path, &whole[..whole.len() - 9]).unwrap();
        assert_eq!(Journal::read(folder.path()).unwrap(), run().measurements[..2]);
    }

    #[test]
    fn a_full_disk_is_said() {
        let error = write_whole(Path::new("/dev/full/run.json"), b"{}").unwrap_err();
        assert!(error.to_string().contains("/dev/full/run.json"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(JOURNAL_FILE), &bytes).unwrap();
            prop_assert!(Journal::read(folder.path()).is_ok());
            save(&run(), folder.path()).unwrap();
            fs::write(folder.path().join(SAMPLES_FILE), &bytes).unwrap();
            let _ = load(folder.path());
            fs::write(folder.path().join(RUN_FILE), &bytes).unwrap();
            prop_assert!(load(folder.path()).is_err());
        }
    }
}
