//! Custom monitors in real guests: they are measured and counted, or refused with the
//! reason.

use std::path::{Path, PathBuf};
use std::process::Command;

use common::cells::{LONG, default_session, planned, run, session_with};
use hookbench::custom::monitor::{CommandOptions, CustomMonitors};
use hookbench::session::guests::{ExactSession, Needs};
use hookbench_model::{FailureKind, Measured, Outcome, Schedule};

mod common;

/// Compiles the source with `macros`. Returns the path of the object.
fn object(folder: &Path, macros: &[&str]) -> PathBuf {
    let object = folder.join("own.o");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/custom/monitor.bpf.c");
    let output = Command::new(common::clang())
        .args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-I/usr/include/x86_64-linux-gnu", "-c", source])
        .args(macros.iter().map(|name| format!("-D{name}")))
        .arg("-o")
        .arg(&object)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", common::text(&output.stderr));
    object
}

/// A session whose guests get the custom monitor `text`.
fn session_of(text: &str, options: &CommandOptions) -> ExactSession {
    let monitors = CustomMonitors::read([&text.to_string()], options).unwrap();
    session_with(Needs { monitors, ..Needs::kernel("6.1") }, LONG)
}

/// The outcome of the execve cell under the monitor `text`.
fn outcome(text: &str, schedule: Schedule) -> Outcome {
    let options = match text.starts_with("cmd:") {
        true => CommandOptions { ready: Some("ready".into()), ..CommandOptions::default() },
        false => CommandOptions::default(),
    };
    let (monitor, tuning) = hookbench_plan::custom_monitor_name(text).unwrap().unwrap();
    let mut planned = planned("6.1", "execve-noop", "none", &[], schedule);
    (planned.cell.monitor, planned.cell.tuning) = (monitor, tuning);
    run(&session_of(text, &options), &planned, None)
}

fn of_object(macros: &[&str]) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    outcome(&format!("bpf:{}", object(folder.path(), macros).display()), Schedule::Paced)
}

fn numbers(outcome: Outcome) -> Measured {
    match outcome {
        Outcome::Measured(measured) => measured,
        other => panic!("{}: {}", other.word(), other.reason()),
    }
}

fn p50(measured: &Measured) -> u64 {
    let mut samples = measured.samples.clone();
    samples.sort_unstable();
    samples[samples.len() / 2]
}

fn failed(outcome: Outcome) -> (FailureKind, String) {
    match outcome {
        Outcome::Failed(failure) => (failure.kind, failure.message),
        other => panic!("{}: {}", other.word(), other.reason()),
    }
}

const RUNS: &str =
    "runs of its BPF programs in 10 operations more, untimed: on_hook 10, on_function 10, on_tracepoint 10";

#[test]
fn an_object_is_measured_its_runs_are_counted_and_equal_cells_are_equal() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("bpf:{}", object(folder.path(), &[]).display());
    let cell = || numbers(outcome(&text, Schedule::Paced));
    let measured = cell();
    assert_eq!(measured, cell());
    let records = "90 records read and 0 lost; records that find no room in a ring buffer are not counted";
    assert_eq!(measured.notes, [records, RUNS]);
    let none =
        numbers(run(&default_session(), &planned("6.1", "execve-noop", "none", &[], Schedule::Paced), None));
    assert!(p50(&measured) > p50(&none) + 3 * 500, "{measured:?}");
    // With this schedule, the monitor's readers run before the worker continues.
    let delivered = numbers(outcome(&text, Schedule::Delivered));
    assert!(p50(&delivered) > p50(&measured), "{delivered:?}");
}

#[test]
fn parameters_set_variables_and_select_programs_of_an_object() {
    let folder = tempfile::tempdir().unwrap();
    let path = object(folder.path(), &[]).display().to_string();
    let tuned = |tuning: &str| outcome(&format!("bpf:{path}[{tuning}]"), Schedule::Paced);
    let quiet = numbers(tuned("loud=0 only=on_function+on_tracepoint mark=18446744073709551615"));
    assert!(quiet.notes[0].starts_with("0 records read"), "{quiet:?}");
    assert!(quiet.notes[1].ends_with("untimed: on_function 10, on_tracepoint 10"), "{quiet:?}");
    let (_, why) = failed(tuned("silent=1"));
    assert!(why.contains("no variable silent; it has: ") && why.contains("loud"), "{why}");
    let (_, why) = failed(tuned("loud=4294967296"));
    assert!(why.contains("has 4 bytes"), "{why}");
    let (_, why) = failed(tuned("only=on_nobody"));
    assert!(why.contains("no program on_nobody; it has: on_hook"), "{why}");
}

/// The packages of bpftrace are larger than all others together.
#[test]
fn bpftrace_is_measured_and_equal_cells_are_equal() {
    let text = "cmd:bpftrace -e 'tracepoint:sched:sched_process_exec { @[comm] = count(); }'";
    let options = CommandOptions { ready: Some("Attaching".into()), bring: vec!["bpftrace".into()] };
    let session = session_of(text, &options);
    let mut planned = planned("6.1", "execve-noop", "none", &[], Schedule::Paced);
    planned.cell.boot.memory_mib = 1024;
    let none = numbers(run(&session, &planned, None));
    planned.cell.monitor = "cmd:bpftrace".parse().unwrap();
    let measured = numbers(run(&session, &planned, None));
    assert!(p50(&measured) > p50(&none) + 500, "{measured:?}");
    let runs = "runs of its BPF programs in 10 operations more, untimed: sched_process_e 10";
    assert_eq!(measured.notes[1], runs);
    assert!(measured.notes[2].contains("1 BPF program, and the operations run them"), "{measured:?}");
    assert_eq!(measured.notes.last().map(String::as_str), Some("bpftrace wrote: @[noop]: 42"));
    assert_eq!(numbers(run(&session, &planned, None)), measured);
}

#[test]
fn an_object_that_never_runs_fails_its_cell() {
    let (kind, why) = failed(of_object(&["NEVER"]));
    assert_eq!(kind, FailureKind::EventsMismatch);
    assert!(why.contains("none of its programs ran while 10 operations of execve-noop"), "{why}");
    assert!(why.contains("on_swap"), "{why}");
}

#[test]
fn an_object_that_refuses_operations_fails_its_cell() {
    let (kind, why) = failed(of_object(&["DENY"]));
    assert_eq!(kind, FailureKind::WrongOutcome, "{why}");
    assert!(why.contains("EPERM instead of success"), "{why}");
}

#[test]
fn the_reason_of_the_verifier_is_reported_without_its_log() {
    let (_, why) = failed(of_object(&["REFUSED"]));
    assert!(why.contains("verifier refuses prog 'on_address'"), "{why}");
    assert!(why.contains("R1 invalid mem access") && why.len() < 600, "{why}");
}

#[test]
fn programs_that_cannot_be_attached_are_named() {
    for (macros, parts) in [
        ("NO_PLACE", ["program on_nothing is left out: ", "this kernel has no function no_function"]),
        ("UNKNOWN", ["on_nonsense", "does not know this section"]),
        ("NETWORK", ["on_packet", "network device"]),
    ] {
        let outcome = of_object(&[macros]);
        assert_eq!(outcome.word(), "measured in part");
        assert!(parts.iter().all(|part| outcome.reason().contains(part)), "{}", outcome.reason());
    }
}

#[test]
fn rules_are_loaded_and_their_events_counted() {
    let folder = tempfile::tempdir().unwrap();
    let rules = |text: &str| {
        let file = folder.path().join("own.rules");
        std::fs::write(&file, text).unwrap();
        outcome(&format!("audit:{}", file.display()), Schedule::Paced)
    };
    let measured = numbers(rules("# execve\n-D\n-a always,exit -F arch=b64 -S execve\n"));
    assert_eq!(measured.notes, ["30 audit events by 1 rules, 0 records lost"]);
    let (_, why) = failed(rules("-a always,exit -F arch=b64 -S nosuchcall\n"));
    assert!(why.contains("line 1 was refused (Syscall name unknown: nosuchcall)"), "{why}");
}

#[test]
fn hookbench_waits_for_a_command_and_interrupts_it_at_the_end() {
    let bash = |script: &str| outcome(&format!("cmd:watch=bash -c '{script}'"), Schedule::Paced);
    // A guest with so few programs has no other way to wait.
    let rest = "while :; do read -t 9 </dev/console; done";
    let measured = numbers(bash(&format!("trap \"echo bye; exit\" INT; echo ready; {rest}")));
    assert_eq!(measured.notes[1..], ["watch wrote: ready", "watch wrote: bye"]);
    let (_, why) = failed(bash("echo no; exit 3"));
    assert!(why.contains("ended by itself (exit status: 3); it wrote: no"), "{why}");
}
