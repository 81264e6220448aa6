//! `cargo bench` reports what `hookbench run` measures.

use std::fs;
use std::path::Path;

use common::cells::{default_session, measured, paced};
use hookbench_model::{Clock, Target};
use serde_json::Value;

use counts::Counts;

#[path = "../benches/cells/counts.rs"]
mod counts;
#[path = "../benches/cells/groups.rs"]
mod groups;
#[path = "../benches/cells/target.rs"]
mod target;

mod common;

fn json(folder: &Path, file: &str) -> Value {
    let path = folder.join("new").join(file);
    let text = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}

fn numbers(value: &Value) -> Vec<u64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap().round() as u64).collect()
}

/// All HTML pages below `folder`.
fn pages(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "html") {
            found.push(fs::read_to_string(&path).unwrap());
        }
    }
    found
}

#[test]
fn a_variable_selects_the_target_and_an_unknown_one_is_refused() {
    let place = target::open(None).unwrap();
    assert_eq!((place.target, place.session.clock()), (Target::Tcg, Clock::Instructions));
    assert_eq!(place.kernel, "6.1");
    let error = format!("{:#}", target::open(Some("moon")).err().unwrap());
    assert!(error.contains(target::VARIABLE) && error.contains("tcg, kvm and host"), "{error}");
}

#[test]
fn criterion_gets_the_samples_of_a_run() {
    // As in the benchmark: Criterion draws with plotters, which comes without a font.
    hookbench_reports::plot::register_font().unwrap();
    let (session, folder) = (default_session(), tempfile::tempdir().unwrap());
    let planned = [
        paced("null-syscall", "none", &[]),
        paced("null-syscall", "bpf-lsm+ringbuf", &[]),
        paced("execve-noop", "kprobe+ringbuf", &[]),
    ];
    // The second time, Criterion compares with the first.
    for _ in 0..2 {
        let criterion = groups::criterion(Counts(Clock::Instructions)).nresamples(1_000);
        let mut criterion = criterion.output_directory(folder.path());
        groups::bench(&mut criterion, &session, &planned);
        criterion.final_summary();
    }
    for planned in planned {
        let of = folder.path().join(&planned.cell.workload).join(planned.cell.monitor.to_string());
        let mut run = measured(&session, &planned).samples;
        let sample = json(&of, "sample.json");
        let mut bench = numbers(&sample["times"]);
        assert!(numbers(&sample["iters"]).iter().all(|operations| *operations == 1), "{of:?}");
        run.sort_unstable();
        bench.sort_unstable();
        assert_eq!(run, bench, "{of:?}");
        let mean = run.iter().sum::<u64>() as f64 / run.len() as f64;
        let told = json(&of, "estimates.json")["mean"]["point_estimate"].as_f64().unwrap();
        assert!((told - mean).abs() < 1e-6 * mean, "{of:?}: {told} and {mean}");
    }
    let pages = pages(folder.path());
    assert!(pages.len() >= 5);
    for page in pages {
        assert!(!page.contains("NaN"), "{page}");
        assert!(!page.contains("Throughput") || page.contains("operations per million instructions"));
    }
}
