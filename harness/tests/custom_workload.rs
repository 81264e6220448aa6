//! Custom workloads in real guests: whole commands, and files of system calls.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::cells::{LONG, default_session, measured, planned, run, session_with};
use common::text;
use hookbench::custom::workload::CustomWorkloads;
use hookbench::session::guests::{ExactSession, Needs};
use hookbench_model::{FailureKind, Measured, Outcome, Schedule};
use hookbench_vm::cache::Cache;
use hookbench_vm::kernel::Kernel;
use hookbench_vm::kernels;
use hookbench_vm::loadable::Loadable;
use hookbench_vm::stock_modules::StockModules;

mod common;

/// A session whose guests get the custom workload `text` and load modules.
fn session_of(text: &str, expect_exit: Option<i32>, loadable: Option<Loadable>) -> ExactSession {
    let workloads = CustomWorkloads::read([&text.to_string()], &[], expect_exit).unwrap();
    session_with(Needs { workloads, loadable, ..Needs::kernel("6.1") }, LONG)
}

/// The outcome of the cell of the workload `text` under `monitor`.
fn outcome(text: &str, monitor: &str, expect_exit: Option<i32>) -> Outcome {
    let session = session_of(text, expect_exit, None);
    run(&session, &planned("6.1", text, monitor, &[], Schedule::Paced), None)
}

fn numbers(outcome: Outcome) -> Measured {
    match outcome {
        Outcome::Measured(measured) => measured,
        other => panic!("{}: {}", other.word(), other.reason()),
    }
}

fn failed(outcome: Outcome) -> (FailureKind, String) {
    match outcome {
        Outcome::Failed(failure) => (failure.kind, failure.message),
        other => panic!("{}: {}", other.word(), other.reason()),
    }
}

fn p50(measured: &Measured) -> u64 {
    let mut samples = measured.samples.clone();
    samples.sort_unstable();
    samples[samples.len() / 2]
}

fn example(name: &str) -> String {
    format!("syscalls:{}/../docs/examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A program that needs another library of this machine than the C library.
fn program(folder: &Path) -> PathBuf {
    let (source, program) = (folder.join("my-test.c"), folder.join("my-test"));
    let text_of = "#include <math.h>\n#include <string.h>\nint main(int count, char **words)\n\
                   { return count == 2 && !strcmp(words[1], \"--once\") ? (int)cbrt(count - 2) : 9; }\n";
    fs::write(&source, text_of).unwrap();
    let output = Command::new("cc").arg(&source).arg("-o").arg(&program).arg("-lm").output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    program
}

#[test]
fn a_command_is_timed_with_its_libraries_and_equal_cells_are_equal() {
    let folder = tempfile::tempdir().unwrap();
    let command = format!("cmd:{} --once", program(folder.path()).display());
    let none = numbers(outcome(&command, "none", None));
    // Its dynamic loader alone costs more.
    assert!(p50(&none) > 300_000, "{none:?}");
    let watched = numbers(outcome(&command, "bpf-lsm+ringbuf", None));
    assert_eq!(watched, numbers(outcome(&command, "bpf-lsm+ringbuf", None)));
    let events = watched.events.as_ref().unwrap();
    assert_eq!((events.behaviour.as_str(), events.expected, events.seen), ("exec", 15, 15));
    // The median may be smaller: a whole command depends on the allocators more than such a monitor costs.
    assert!(watched.attribution.as_ref().is_some_and(|found| found.direct_p50 > 0), "{watched:?}");
    let (kind, why) = failed(outcome(command.trim_end_matches(" --once"), "none", None));
    assert_eq!(kind, FailureKind::WrongOutcome);
    assert!(why.contains("exit code 9 instead of success"), "{why}");
}

#[test]
fn a_command_of_the_guest_must_return_the_expected_exit_code() {
    let bash = "cmd:three=bash -c 'exit 3'";
    numbers(outcome(bash, "none", Some(3)));
    // It executes other programs. More events than operations are not a failure.
    let nested = "cmd:nested=bash -c 'bash -c \"exit 0\"; exit 0'";
    let events = numbers(outcome(nested, "bpf-lsm+count", None)).events.unwrap();
    assert_eq!((events.expected, events.seen), (15, 15));
}

#[test]
fn a_file_with_one_call_costs_as_much_as_the_built_in_workload() {
    let session = default_session();
    for monitor in ["none", "audit+rules"] {
        let ours = measured(&session, &planned("6.1", "null-syscall", monitor, &[], Schedule::Paced));
        let file = numbers(outcome(&example("getppid.toml"), monitor, None));
        // A file loads the registers of six arguments; the built-in workload does not.
        assert!(p50(&file).abs_diff(p50(&ours)) <= 2, "{} {}", p50(&file), p50(&ours));
        assert_eq!(file, numbers(outcome(&example("getppid.toml"), monitor, None)));
    }
}

#[test]
fn the_examples_are_measured() {
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let watched = numbers(outcome(&example(&name), "kprobe+count", None));
            let expected = if name == "mprotect.toml" { 2 * (20 + 10) } else { 2 };
            assert_eq!(watched.events.unwrap().seen, expected, "{name}");
        }
    }
}

#[test]
fn a_call_with_another_result_fails_the_cell() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wrong.toml");
    let outcome = |text: &str| {
        fs::write(&file, text).unwrap();
        outcome(&format!("syscalls:{}", file.display()), "none", None)
    };
    let open = "[[call]]\nsyscall = \"open\"\nargs = [{ path = \"/nowhere/x\" }, \"O_RDONLY\"]\n";
    let (kind, why) = failed(outcome(open));
    assert_eq!(kind, FailureKind::WrongOutcome);
    assert!(why.contains("ENOENT instead of success"), "{why}");
    numbers(outcome(&format!("{open}expect = \"ENOENT\"\n")));
    let (kind, why) = failed(outcome("[[call]]\nsyscall = \"exit_group\"\nargs = [0]\n"));
    assert_eq!(kind, FailureKind::Agent, "{why}");
}

#[test]
fn modules_of_a_custom_kernel_are_loaded_before_the_measurement() {
    let cache = Cache::open().unwrap();
    let kernel = Kernel::fetch(kernels::find("6.1").unwrap(), &cache, &|_| ()).unwrap();
    // Any module for this kernel will do that needs no parameters.
    let stock = StockModules::obtain(&kernel, &cache, &|message| eprintln!("{message}")).unwrap();
    let files = stock.files(&["dummy"]).unwrap();
    let (_, module) = files.iter().find(|(name, _)| name == "dummy.ko").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("kernel/drivers");
    fs::create_dir_all(&below).unwrap();
    fs::write(below.join("dummy.ko"), module).unwrap();
    let loadable = Loadable::open(folder.path(), &["dummy".to_string()]).unwrap();
    let command = "cmd:loaded=bash -c 'read -r first </proc/modules && [[ $first == dummy* ]]'";
    let planned = planned("6.1", command, "none", &[], Schedule::Paced);
    let outcome = |loadable| run(&session_of(command, None, loadable), &planned, None);
    numbers(outcome(Some(loadable)));
    let (_, why) = failed(outcome(None));
    assert!(why.contains("exit code 1 instead of success"), "{why}");
}
