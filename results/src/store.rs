//! The files of a run's folder that hookbench writes when the run has ended: `run.json` and
//! `samples.csv.zst`. `journal.rs` has what survives an interruption, `attachments.rs` the
//! files of single cells.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result, ensure};

pub use crate::journal::{JOURNAL_FILE, Journal};
use crate::run::SCHEMA;
pub use crate::write::{is_part, sweep, write_whole};
use crate::{Run, samples};
use hookbench_model::Outcome;

/// The name of the run's description in its folder.
pub const RUN_FILE: &str = "run.json";
/// The name of the samples' file in a run's folder.
pub const SAMPLES_FILE: &str = "samples.csv.zst";

/// Writes `run` into `folder`: the description and the samples.
///
/// # Errors
/// When a file cannot be written; the error names it.
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
/// When a file is missing, is not of this format, or is of a newer version.
pub fn load(folder: &Path) -> Result<Run> {
    let mut run = describe(folder)?;
    let path = folder.join(SAMPLES_FILE);
    let unpacked = File::open(&path).map_err(Into::into).and_then(|file| samples::unpack(file, &mut run));
    unpacked.with_context(|| {
        format!("failed to read {}; if the run was stopped, --resume writes it again", path.display())
    })?;
    Ok(run)
}

/// Reads what [`save`] wrote into `folder`, without the samples. It does not look at
/// their file: if a run was stopped at its end, one of the two files may be older than the
/// other.
///
/// # Errors
/// When `run.json` is missing, is not of this format, or is of a newer version.
pub fn describe(folder: &Path) -> Result<Run> {
    let path = folder.join(RUN_FILE);
    let json = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
    let run: Run =
        serde_json::from_slice(&json).with_context(|| format!("failed to understand {}", path.display()))?;
    ensure!(
        run.schema <= SCHEMA,
        "{} has format version {}, and this hookbench reads up to {SCHEMA}; use a newer hookbench",
        path.display(),
        run.schema
    );
    Ok(run)
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
            scenarios: Vec::new(),
        }
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

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let folder = tempfile::tempdir().unwrap();
            save(&run(), folder.path()).unwrap();
            fs::write(folder.path().join(SAMPLES_FILE), &bytes).unwrap();
            let _ = load(folder.path());
            fs::write(folder.path().join(RUN_FILE), &bytes).unwrap();
            prop_assert!(load(folder.path()).is_err());
        }
    }
}
