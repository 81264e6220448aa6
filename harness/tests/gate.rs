//! The commands on stored runs, as a user runs them: compare, gate, history, export and
//! baselines; their exit codes, and that the report is written before a failing exit.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use hookbench_model::{Attribution, Clock, Measured, Measurement, Outcome, Schedule, Share, Target};
use hookbench_results::store::{load, save};
use hookbench_results::{Environment, Run};

use common::{HOOKBENCH, text};

mod common;

/// A run with a cell for each monitor, all of whose samples have the given value.
fn run(cells: &[(&str, u64)]) -> Run {
    let measurement = |(monitor, p50): &(&str, u64)| Measurement {
        cell: hookbench_model::Cell {
            kernel: "6.1".into(),
            target: Target::Tcg,
            boot: Default::default(),
            workload: "null-syscall".into(),
            params: Default::default(),
            schedule: Schedule::Paced,
            monitor: monitor.parse().unwrap(),
            tuning: Default::default(),
        },
        clock: Clock::Instructions,
        history: None,
        outcome: Outcome::Measured(Measured { samples: vec![*p50; 3], ..Default::default() }),
    };
    let measurements = cells.iter().map(measurement).collect();
    Run {
        schema: 1,
        plan: "test".into(),
        shard: None,
        environment: Environment::default(),
        measurements,
        scenarios: Vec::new(),
    }
}

/// A folder with the runs `base`, `new` and `noisy`.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let base = run(&[("none", 300), ("kprobe+count", 1000), ("audit+rules", 900)]);
    let new = run(&[("none", 300), ("kprobe+count", 1020), ("audit+rules", 890)]);
    let mut noisy = base.clone();
    noisy.measurements.iter_mut().for_each(|measurement| measurement.clock = Clock::Tsc);
    for (name, run) in [("base", &base), ("new", &new), ("noisy", &noisy)] {
        fs::create_dir(place.path().join(name)).unwrap();
        save(run, &place.path().join(name)).unwrap();
    }
    place
}

fn hookbench(place: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(HOOKBENCH);
    command.args(arguments).current_dir(place).env_remove("GITHUB_STEP_SUMMARY").output().unwrap()
}

/// Runs the command. Returns its exit code, standard output and standard error.
fn said(place: &Path, line: &str) -> (Option<i32>, String) {
    let output =
        hookbench(place, &shlex::split(line).unwrap().iter().map(String::as_str).collect::<Vec<_>>());
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn a_comparison_shows_only_what_changed() {
    let place = place();
    let (code, text) = said(place.path(), "compare base new");
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("+20") && text.contains("kprobe+count") && text.contains("1 cell unchanged"),
        "{text}"
    );
    assert!(!text.contains("paced/none"), "{text}");
    assert!(said(place.path(), "compare base new --all").1.contains("paced/none"));
    let (code, text) = said(place.path(), "compare base base");
    assert_eq!((code, text.lines().last()), (Some(0), Some("3 cells unchanged.")), "{text}");
    for (format, part) in
        [("markdown", "# What changed"), ("json", "\"difference\": 20"), ("html", "<h1>What changed</h1>")]
    {
        let (code, text) = said(place.path(), &format!("compare base new --format {format} --out file"));
        assert_eq!((code, text.as_str()), (Some(0), ""), "{format}");
        assert!(fs::read_to_string(place.path().join("file")).unwrap().contains(part), "{format}");
    }
}

#[test]
fn a_regression_exits_with_3_after_the_report_is_written() {
    let place = place();
    let (code, text) = said(place.path(), "gate base new --out report --summary summary.md");
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("1 regression") && text.contains("+20 instructions"), "{text}");
    for file in ["comparison.txt", "comparison.md", "comparison.json", "comparison.html", "junit.xml"] {
        let written = fs::read_to_string(place.path().join("report").join(file)).unwrap();
        assert!(written.contains("kprobe+count") && text.contains(file), "{file}");
    }
    assert!(fs::read_to_string(place.path().join("summary.md")).unwrap().starts_with("# Gate: regression"));
}

#[test]
fn changes_within_limits_or_allowed_exit_with_0() {
    let place = place();
    for line in [
        "gate base base",
        "gate base new --limit 2%",
        "gate base new --limit 'kprobe+*=20 instructions'",
        "gate base new --limit '6.1/*=2%'",
        "gate base new --allow 'kprobe+*'",
        "gate noisy noisy",
        "gate noisy noisy --limit 0%",
    ] {
        let (code, text) = said(place.path(), line);
        assert_eq!(code, Some(0), "{line}: {text}");
        assert!(text.contains("No regression"), "{line}: {text}");
    }
    let (code, text) = said(place.path(), "gate base new --limit 1.9% --limit '20 instructions'");
    assert_eq!(code, Some(3), "{text}");
}

#[test]
fn a_usage_error_exits_with_2_and_says_what_is_right() {
    let place = place();
    for (line, part) in [
        ("gate base new --limit 5", "5%"),
        ("gate base new --limit '[z=5%'", "not a glob"),
        ("gate base new --limit 'bpf-lsm+*=5%'", "matches no cell"),
        ("gate base new --limit '20 cycles'", "because its numbers are instructions"),
        ("gate base nothing", "known baselines: none yet"),
        ("compare base baseline:../base", "invalid name of a baseline"),
        ("compare base new --format junit", "possible values"),
        ("export base --format carrier-pigeon", "github-action-benchmark"),
        ("history base new --label one", "--label has 1 labels for 2 runs"),
        ("history base new --monitor bpf", "audit+rules"),
        ("run --baseline nothing", "known baselines: none yet"),
        ("run --save-baseline a/b", "invalid name of a baseline"),
        ("run --save-baseline a --baseline b", "cannot be used with"),
    ] {
        let (code, text) = said(place.path(), line);
        assert_eq!(code, Some(2), "{line}: {text}");
        assert!(text.contains(part), "{line}: {text}");
    }
}

/// `run` in which the hook of kprobe+count costs `direct`.
fn with_hook(mut run: Run, direct_p50: i64) -> Run {
    let is_it = |measurement: &&mut Measurement| measurement.cell.monitor.to_string() == "kprobe+count";
    let Outcome::Measured(measured) = &mut run.measurements.iter_mut().find(is_it).unwrap().outcome else {
        panic!("the cell is measured")
    };
    let direct_share = Share { operations: 3, of: 3 };
    measured.attribution = Some(Attribution { direct_p50, direct_share, ..Default::default() });
    run
}

#[test]
fn a_hook_is_judged_and_side_effects_are_not() {
    let place = tempfile::tempdir().unwrap();
    let cells = |none, kprobe| run(&[("none", none), ("kprobe+count", kprobe)]);
    for (name, run) in [
        ("base", with_hook(cells(300, 1000), 178)),
        ("rebuilt", with_hook(cells(330, 1041), 178)),
        ("lookup", with_hook(cells(300, 990), 208)),
        ("old", cells(300, 1000)),
    ] {
        fs::create_dir(place.path().join(name)).unwrap();
        save(&run, &place.path().join(name)).unwrap();
    }
    for (line, code, part) in [
        ("gate base rebuilt", 0, "1 cell with only side effects changed"),
        ("gate base rebuilt --limit none=5%", 3, "regression: 6.1/tcg/null-syscall/paced/none"),
        ("gate base lookup", 3, "hook +30 instructions (+16.9 %)"),
        ("gate base lookup --limit 16%", 3, "the limit is 16%"),
        ("gate base lookup --limit '30 instructions'", 0, "No regression"),
        ("gate old lookup", 0, "1 cell is compared by p50"),
        ("compare base lookup", 0, "Changed, compared by hook"),
        ("history old lookup", 0, "+700*     208"),
        ("export lookup --format github-action-benchmark", 0, "kprobe+count (hook)"),
    ] {
        let (found, text) = said(place.path(), line);
        assert_eq!(found, Some(code), "{line}: {text}");
        assert!(text.contains(part), "{line}: {text}");
    }
}

/// A run of the time-stamp counter, in rounds, with a level and a spread for each monitor.
fn in_rounds(cells: &[(&str, u64, u64)]) -> Run {
    let mut run = run(&cells.iter().map(|(monitor, level, _)| (*monitor, *level)).collect::<Vec<_>>());
    for (measurement, (_, level, spread)) in run.measurements.iter_mut().zip(cells) {
        let samples =
            [0, 3, 1, 2].iter().flat_map(|round| [level + round * spread, level + round * spread + 1]);
        measurement.clock = Clock::Tsc;
        measurement.outcome = Outcome::Measured(Measured {
            samples: samples.collect(),
            rounds: vec![2; 4],
            ..Default::default()
        });
    }
    run
}

#[test]
fn a_noisy_change_fails_a_gate_only_if_significant_and_large() {
    let place = tempfile::tempdir().unwrap();
    let cells = |count: u64, wild: u64| {
        in_rounds(&[("none", 3000, 1), ("kprobe+count", count, 2), ("audit+rules", 900, wild)])
    };
    for (name, run) in [
        ("base", cells(10_000, 3)),
        ("slower", cells(10_500, 3)),
        ("a-little", cells(10_050, 3)),
        ("wild", cells(10_000, 400)),
    ] {
        fs::create_dir(place.path().join(name)).unwrap();
        save(&run, &place.path().join(name)).unwrap();
    }
    for (line, code, part) in [
        ("gate base slower", 3, "1 regression"),
        ("gate base slower --limit 6%", 0, "No regression"),
        ("gate base slower --limit '400 TSC cycles'", 3, "the limit is 400 TSC cycles"),
        ("gate base a-little", 0, "under noisy clocks 1 % for cells without a limit"),
        ("gate base a-little --limit 0.1%", 3, "1 regression"),
        ("gate base wild", 0, "No regression, 1 inconclusive"),
        ("gate base wild", 0, "inconclusive: 6.1/tcg/null-syscall/paced/audit+rules"),
        ("compare base slower", 0, "regressed: +500 TSC cycles (+5.00 %), interval"),
        ("compare base wild", 0, "1 cell inconclusive because of noise"),
    ] {
        let (found, text) = said(place.path(), line);
        assert_eq!(found, Some(code), "{line}: {text}");
        assert!(text.contains(part), "{line}: {text}");
    }
}

#[test]
fn a_hardware_run_is_correlated_with_a_tcg_run() {
    let place = tempfile::tempdir().unwrap();
    let tcg = run(&[("none", 300), ("kprobe+count", 1000), ("audit+rules", 900)]);
    let mut host = in_rounds(&[("none", 200, 1), ("kprobe+count", 500, 1), ("audit+rules", 4500, 1)]);
    (host.environment.target, host.environment.clock) = (Target::Host, Clock::Tsc);
    for measurement in &mut host.measurements {
        (measurement.cell.target, measurement.cell.kernel) = (Target::Host, "6.1.0-56-amd64".into());
    }
    for (name, run) in [("tcg", &tcg), ("host", &host)] {
        fs::create_dir(place.path().join(name)).unwrap();
        save(run, &place.path().join(name)).unwrap();
    }
    let (code, text) = said(place.path(), "correlate host tcg");
    assert_eq!(code, Some(0), "{text}");
    for part in ["kernel 6.1.0-56-amd64 is compared with 6.1", "3 cells", "Spearman 0.5000", "× 7.4"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert_eq!(said(place.path(), "correlate tcg host --format json").0, Some(0));
    let (code, text) = said(place.path(), "correlate host tcg --format markdown --out file");
    assert_eq!((code, text.as_str()), (Some(0), ""));
    assert!(fs::read_to_string(place.path().join("file")).unwrap().starts_with("# Hardware and TCG"));
    for (line, part) in [
        ("correlate host host", "give one run with the target tcg"),
        ("correlate host tcg --map-kernel 5.10=6.1", "--map-kernel 5.10=6.1: no such kernels"),
        ("correlate host tcg --map-kernel 6.1", "HARDWARE=TCG"),
    ] {
        let (code, text) = said(place.path(), line);
        assert_eq!(code, Some(2), "{line}: {text}");
        assert!(text.contains(part), "{line}: {text}");
    }
}

#[test]
fn a_run_that_cannot_be_read_exits_with_1() {
    let place = place();
    fs::write(place.path().join("new/run.json"), "{").unwrap();
    for line in ["gate base new", "compare base new", "export new --format ndjson", "history base new"] {
        let (code, text) = said(place.path(), line);
        assert_eq!(code, Some(1), "{line}: {text}");
        assert!(text.contains("run.json"), "{line}: {text}");
    }
    let (code, text) = said(place.path(), "gate base base --out base/run.json");
    assert_eq!(code, Some(1), "{text}");
}

#[test]
fn a_job_s_summary_is_appended_to_the_file_that_github_names() {
    let place = place();
    let summary = place.path().join("summary");
    fs::write(&summary, "# Of another step\n").unwrap();
    let mut command = Command::new(HOOKBENCH);
    command.args(["gate", "base", "base", "--github-summary"]).current_dir(place.path());
    assert!(command.env("GITHUB_STEP_SUMMARY", &summary).output().unwrap().status.success());
    let written = fs::read_to_string(&summary).unwrap();
    assert!(written.starts_with("# Of another step\n# Gate: no regression"), "{written}");
    let (code, text) = said(place.path(), "gate base base --github-summary");
    assert_eq!(code, Some(0));
    assert!(text.contains("GITHUB_STEP_SUMMARY is not set"), "{text}");
}

#[test]
fn a_folder_takes_precedence_over_a_baseline_of_the_same_name() {
    let place = place();
    let baselines = place.path().join("baselines");
    fs::create_dir_all(baselines.join("base")).unwrap();
    fs::create_dir_all(baselines.join("main")).unwrap();
    save(&run(&[("none", 1)]), &baselines.join("base")).unwrap();
    save(&run(&[("none", 2)]), &baselines.join("main")).unwrap();
    assert!(said(place.path(), "compare base base").1.contains("3 cells unchanged"));
    assert!(said(place.path(), "compare baseline:base main").1.contains("+100.0 %"));
    assert!(said(place.path(), "compare nobody main").1.contains("baselines: base, main"));
}

#[test]
fn runs_are_exported_and_listed_in_order() {
    let place = place();
    let (code, text) = said(place.path(), "export new --format github-action-benchmark");
    assert_eq!(code, Some(0), "{text}");
    let entries: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!((entries.len(), &entries[0]["unit"]), (3, &"instructions".into()));
    let (code, text) =
        said(place.path(), "history new base --label after,before --monitor 'kprobe+*' --out history");
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("+720    +700"), "{text}");
    let csv = fs::read_to_string(place.path().join("history/history.csv")).unwrap();
    assert_eq!(csv.lines().count(), 5, "{csv}");
    assert!(fs::read_to_string(place.path().join("history/history-1.svg")).unwrap().contains("kprobe+count"));
}

#[test]
fn a_run_is_saved_as_a_baseline_and_another_is_compared_with_it() {
    let place = tempfile::tempdir().unwrap();
    let cells = "run --workload null-syscall --monitor audit+idle --samples 10";
    let (code, text) = said(place.path(), &format!("{cells} --out one --save-baseline main"));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(load(&place.path().join("baselines/main")).unwrap(), load(&place.path().join("one")).unwrap());
    let (code, text) = said(place.path(), &format!("{cells} --out two --baseline main"));
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("2 cells unchanged."), "{text}");
    assert_eq!(said(place.path(), "gate main two").0, Some(0));
    let (code, text) = said(place.path(), &format!("{cells} --out three --save-baseline main --fault panic"));
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains("the baseline main is unchanged"), "{text}");
    assert_eq!(load(&place.path().join("baselines/main")).unwrap().count("failed"), 0);
}
