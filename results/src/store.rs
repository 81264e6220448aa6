//! The files of a finished run in its folder: `run.json` and `samples.csv.zst`. What survives
//! an interruption is in `journal.rs`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

pub use crate::journal::{JOURNAL_FILE, Journal};
use crate::run::SCHEMA;
use crate::{Run, samples};
use hookbench_model::Outcome;

/// The name of the description in a run's folder.
pub const RUN_FILE: &str = "run.json";
/// The name of the file with the samples in a run's folder.
pub const SAMPLES_FILE: &str = "samples.csv.zst";

/// Writes `run` into `folder`: the description and the samples.
///
/// # Errors
/// If a file cannot be written; the error names it.
pub fn save(run: &Run, folder: &Path) -> Result<()> {
    write_whole(&folder.join(SAMPLES_FILE), &samples::pack(run)?)?;
    let mut json =
        serde_json::to_vec_pretty(&without_samples(run)).context("failed to render the run as JSON")?;
    json.push(b'\n');
    write_whole(&folder.join(RUN_FILE), &json)
}

/// Reads the run that [`save`] wrote into `folder`.
///
/// # Errors
/// If a file is missing, is not in this format, or has a newer version.
pub fn load(folder: &Path) -> Result<Run> {
    let mut run = describe(folder)?;
    let path = folder.join(SAMPLES_FILE);
    let unpacked = File::open(&path).map_err(Into::into).and_then(|file| samples::unpack(file, &mut run));
    unpacked.with_context(|| {
        format!("failed to read {}; if the run was interrupted, --resume writes it again", path.display())
    })?;
    Ok(run)
}

/// Reads the run that [`save`] wrote into `folder` without its samples. It does not open their
/// file, because an interruption between the two writes leaves files of different ages.
///
/// # Errors
/// If `run.json` is missing, is not in this format, or has a newer version.
pub fn describe(folder: &Path) -> Result<Run> {
    let path = folder.join(RUN_FILE);
    let json = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let run: Run =
        serde_json::from_slice(&json).with_context(|| format!("failed to understand {}", path.display()))?;
    ensure!(
        run.schema <= SCHEMA,
        "{} has format version {}, but this hookbench reads versions up to {SCHEMA}; use a newer hookbench",
        path.display(),
        run.schema
    );
    Ok(run)
}

/// What the name of a file that is being written has after that of the file it
/// is to be, before the number of the process that writes it.
const PART: &str = ".part-";

/// Replaces `path` by `bytes` in one step, so that no reader sees half a file,
/// not even after a power cut.
///
/// # Errors
/// When the file cannot be written; the old one is then as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    // Another process may be writing the same file.
    let mut part = path.as_os_str().to_owned();
    part.push(format!("{PART}{}", std::process::id()));
    let part = PathBuf::from(part);
    let written = write_flushed(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // What is half written only takes the space that was missing.
        let _ = fs::remove_file(&part);
    }
    written.with_context(|| format!("failed to write {}", path.display()))
}

fn write_flushed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    // Else the new name may reach the disk before the bytes do.
    file.sync_all()
}

/// Removes what killed processes left half written in `folder`. Nobody else may
/// be writing there.
///
/// # Errors
/// When the folder cannot be read, or such a file not be removed.
pub fn sweep(folder: &Path) -> Result<()> {
    let swept = || -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if is_part(&entry.file_name().to_string_lossy()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    swept().with_context(|| format!("failed to sweep the folder {}", folder.display()))
}

/// Whether a file of this name was being written by [`write_whole`].
pub fn is_part(name: &str) -> bool {
    name.rsplit_once(PART).is_some_and(|(file, process)| {
        !file.is_empty() && !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn without_samples(run: &Run) -> Run {
    let mut run = run.clone();
    for measurement in &mut run.measurements {
        if let Outcome::Measured(measured) = &mut measurement.outcome {
            measured.samples.clear();
            measured.others.iter_mut().for_each(|other| other.samples.clear());
        }
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;
    use hookbench_model::{
        Cell, Clock, Failure, FailureKind, Measured, Measurement, MonitorName, Schedule, Target,
    };
    use proptest::prelude::*;

    fn measurement(params: &str, outcome: Outcome) -> Measurement {
        let cell = Cell {
            kernel: "6.1".into(),
            target: Target::Tcg,
            boot: Default::default(),
            workload: "mprotect-storm".into(),
            params: params.parse().unwrap(),
            schedule: Schedule::Burst,
            monitor: MonitorName::none(),
            tuning: Default::default(),
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
        Run {
            schema: SCHEMA,
            plan: "test".into(),
            shard: None,
            environment: Environment::default(),
            measurements,
        }
    }

    #[test]
    fn saving_and_loading_keeps_the_run_and_equal_runs_have_equal_files() {
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
    fn a_newer_format_is_refused_with_its_version() {
        let folder = tempfile::tempdir().unwrap();
        save(&Run { schema: SCHEMA + 1, ..run() }, folder.path()).unwrap();
        let error = load(folder.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("format version {}", SCHEMA + 1)), "{error}");
    }

    #[test]
    fn what_killed_processes_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        save(&run(), folder.path()).unwrap();
        let others = ["notes.part-one", ".part-7", "x.part-", RUN_FILE, SAMPLES_FILE];
        for name in [&others[..3], &["run.json.part-4242", "report.html.part-1"]].concat() {
            fs::write(folder.path().join(name), "half").unwrap();
        }
        sweep(folder.path()).unwrap();
        let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: std::collections::BTreeSet<_> = left.collect();
        assert_eq!(left, others.iter().map(Into::into).collect());
    }

    #[test]
    fn the_description_is_read_when_the_samples_are_of_another_moment() {
        let folder = tempfile::tempdir().unwrap();
        let empty = Run { measurements: Vec::new(), ..run() };
        save(&empty, folder.path()).unwrap();
        let description = fs::read(folder.path().join(RUN_FILE)).unwrap();
        save(&run(), folder.path()).unwrap();
        fs::write(folder.path().join(RUN_FILE), description).unwrap();
        assert_eq!(describe(folder.path()).unwrap(), empty);
        let error = format!("{:#}", load(folder.path()).unwrap_err());
        assert!(error.contains(SAMPLES_FILE) && error.contains("--resume"), "{error}");
    }

    #[test]
    fn a_full_disk_is_said() {
        let error = write_whole(Path::new("/dev/full/run.json"), b"{}").unwrap_err();
        assert!(error.to_string().contains("/dev/full/run.json"));
    }

    proptest! {
        #[test]
        fn any_bytes_load_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let folder = tempfile::tempdir().unwrap();
            save(&run(), folder.path()).unwrap();
            fs::write(folder.path().join(SAMPLES_FILE), &bytes).unwrap();
            let _ = load(folder.path());
            fs::write(folder.path().join(RUN_FILE), &bytes).unwrap();
            prop_assert!(load(folder.path()).is_err());
        }
    }
}
