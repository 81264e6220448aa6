//! Tests of the format of `run.json`: `docs/run.schema.json` matches the types, and hookbench
//! still reads the files of earlier versions.

use std::fs;
use std::path::{Path, PathBuf};

use schemars::generate::SchemaSettings;

use crate::run::SCHEMA;
use crate::{Run, store};

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// The schema of the types, as a file.
fn schema() -> String {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Run>();
    schema.insert("title".into(), format!("hookbench's run.json, version {SCHEMA}").into());
    serde_json::to_string_pretty(&schema).unwrap() + "\n"
}

/// `HOOKBENCH_SCHEMA=write cargo test -p hookbench-results schema` updates the file.
#[test]
fn the_published_schema_matches_the_types() {
    let path = docs().join("run.schema.json");
    if std::env::var_os("HOOKBENCH_SCHEMA").is_some() {
        fs::write(&path, schema()).unwrap();
    }
    let published = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        published == schema(),
        "{} does not match the types; update it with HOOKBENCH_SCHEMA=write",
        path.display()
    );
}

/// The first hookbench with version 1 wrote these files, and they never change. A new version
/// of the format adds files next to them.
#[test]
fn a_run_of_version_1_can_still_be_read_with_its_samples() {
    let run = store::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/old/version-1"))).unwrap();
    assert_eq!((run.schema, run.measurements.len(), run.environment.monitors.len()), (1, 4, 0));
    let words: Vec<&str> = run.measurements.iter().map(|measurement| measurement.outcome.word()).collect();
    assert_eq!(words, ["measured", "measured", "unsupported", "failed"]);
    let samples = &run.measurements[1].measured().unwrap().samples;
    assert_eq!(samples.len(), 5);
    assert!(samples.iter().all(|sample| *sample > 2_000));
}

/// hookbench writes each published run back as the same bytes.
#[test]
fn published_runs_are_written_back_unchanged() {
    for plan in ["full", "sweeps", "cpus"] {
        let folder = docs().join("../results/published").join(plan);
        let run = store::load(&folder).unwrap();
        let again = tempfile::tempdir().unwrap();
        store::save(&run, again.path()).unwrap();
        let bytes = |folder: &Path| fs::read(folder.join(store::RUN_FILE)).unwrap();
        assert!(bytes(&folder) == bytes(again.path()), "{plan}: writing the run again changes it");
    }
}
