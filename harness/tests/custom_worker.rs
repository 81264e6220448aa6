//! How the worker of a custom monitor's cell ends: what its workload set up, what it says when it fails, and a
//! monitor that never lets the CPU rest.

use std::path::{Path, PathBuf};
use std::process::Command;

use common::cells::{planned, run, session_with};
use hookbench::custom::monitor::{CommandOptions, CustomMonitors};
use hookbench::custom::workload::CustomWorkloads;
use hookbench::session::guests::{BUDGET, Needs};
use hookbench_model::{FailureKind, Outcome, Schedule};

mod common;

fn source(name: &str) -> String {
    format!("{}/tests/custom/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Compiles the programs of `busy.bpf.c`. Returns the path of the object.
fn object(folder: &Path) -> PathBuf {
    let object = folder.join("busy.bpf.o");
    let mut clang = Command::new(common::clang());
    clang.args(["-g", "-O2", "-target", "bpf", "-mcpu=v3", "-I/usr/include/x86_64-linux-gnu", "-c"]);
    let output = clang.arg(source("busy.bpf.c")).arg("-o").arg(&object).output().unwrap();
    assert!(output.status.success(), "{}", common::text(&output.stderr));
    object
}

/// The outcome of `workload` under the program `only` of the object.
fn outcome(workload: &str, only: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("bpf:{}[only={only}]", object(folder.path()).display());
    let monitors = CustomMonitors::read([&text], &CommandOptions::default()).unwrap();
    let workloads = CustomWorkloads::read([&workload.to_string()], &[], None).unwrap();
    let (monitor, tuning) = hookbench_plan::custom_monitor_name(&text).unwrap().unwrap();
    let mut planned = planned("6.1", workload, "none", &[], Schedule::Paced);
    (planned.cell.monitor, planned.cell.tuning) = (monitor, tuning);
    run(&session_with(Needs { monitors, workloads, ..Needs::kernel("6.1") }, BUDGET), &planned, None)
}

#[test]
fn a_workload_is_set_up_once_also_when_runs_are_counted() {
    let outcome = outcome(&format!("syscalls:{}", source("port.toml")), "on_call");
    let Outcome::Measured(measured) = &outcome else { panic!("{}: {}", outcome.word(), outcome.reason()) };
    assert!(measured.notes.iter().any(|note| note.contains("untimed: on_call ")), "{measured:?}");
}

#[test]
fn what_a_worker_says_when_it_fails_is_in_the_message() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("missing.toml");
    let setup = "[[setup]]\nsyscall = \"rmdir\"\nargs = [{ path = \"/nowhere\" }]\n";
    std::fs::write(&file, format!("{setup}[[call]]\nsyscall = \"getppid\"\nargs = []\n")).unwrap();
    let outcome = outcome(&format!("syscalls:{}", file.display()), "on_call");
    let reason = outcome.reason();
    assert!(reason.ends_with("rmdir of setup returned ENOENT instead of success"), "{reason}");
}

#[test]
fn a_monitor_that_reports_its_own_reader_ends_early_and_by_name() {
    let outcome = outcome("execve-noop", "on_switch");
    let Outcome::Failed(failure) = &outcome else { panic!("{}", outcome.word()) };
    assert_eq!(failure.kind, FailureKind::NeverIdle, "{failure:?}");
    assert!(failure.message.contains("idle for 2 ms within 1 s of the guest's time"), "{failure:?}");
    assert!(failure.message.contains(" records read"), "{failure:?}");
}
