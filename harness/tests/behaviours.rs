//! Monitors of the behaviours that no built-in workload performs: they see exactly the operations, and refuse what the
//! policy says. The operations are files of system calls.

use common::cells::{LONG, planned, run, session_with};
use hookbench::custom::workload::CustomWorkloads;
use hookbench::session::guests::{ExactSession, Needs};
use hookbench_model::{FailureKind, Outcome, Schedule};

mod common;

/// Those that watch system calls, LSM hooks and functions, with BPF and without.
const MONITORS: [&str; 8] = [
    "bpf-lsm+count",
    "fentry+ringbuf",
    "kprobe+count",
    "raw-tracepoint+ringbuf",
    "ftrace+kprobe-event",
    "perf+count",
    "audit+rules",
    "seccomp+log",
];

const BEHAVIOURS: [&str; 8] = ["open", "unlink", "rename", "chmod", "connect", "kill", "mount", "module"];

fn file(name: &str) -> String {
    format!("syscalls:{}/tests/behaviours/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

fn session(kernel: &str, workload: &str) -> ExactSession {
    let workloads = CustomWorkloads::read([&workload.to_string()], &[], None).unwrap();
    session_with(Needs { workloads, ..Needs::kernel(kernel) }, LONG)
}

/// The outcome of the cell of 10 operations after so many others.
fn outcome(session: &ExactSession, kernel: &str, workload: &str, monitor: &str, warmup: u32) -> Outcome {
    let mut cell = planned(kernel, workload, monitor, &[], Schedule::Paced);
    cell.warmup = warmup;
    run(session, &cell, None)
}

fn sees_each_operation(kernel: &str, name: &str, monitors: &[&str]) {
    let workload = file(name);
    let session = session(kernel, &workload);
    for monitor in monitors {
        let Outcome::Measured(measured) = outcome(&session, kernel, &workload, monitor, 5) else {
            panic!("{name} {monitor}: {:?}", outcome(&session, kernel, &workload, monitor, 5));
        };
        let events = measured.events.unwrap();
        assert_eq!((events.behaviour.as_str(), events.seen, events.lost), (name, 15, 0), "{monitor}");
    }
}

#[test]
fn each_mechanism_sees_exactly_the_operations() {
    for name in BEHAVIOURS {
        sees_each_operation("6.1", name, &MONITORS);
    }
}

#[test]
fn the_null_call_is_seen_where_no_security_module_is_asked() {
    sees_each_operation("6.1", "null", &MONITORS[1..]);
    let workload = file("null");
    let session = session("6.1", &workload);
    for (monitor, part) in [("bpf-lsm+count", "has no LSM hook"), ("fmod-ret+deny", "security_*")] {
        let Outcome::Unsupported(why) = outcome(&session, "6.1", &workload, monitor, 5) else {
            panic!("{monitor} watches getppid");
        };
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn a_policy_lets_a_hundred_operations_pass_and_refuses_the_others() {
    for name in ["unlink", "rename", "chmod", "connect", "mount", "module"] {
        let workload = file(name);
        let session = session("6.1", &workload);
        for monitor in ["bpf-lsm+deny", "fmod-ret+deny"] {
            let passed = outcome(&session, "6.1", &workload, monitor, 90);
            assert!(matches!(passed, Outcome::Measured(_)), "{name} {monitor}: {passed:?}");
            let Outcome::Failed(failure) = outcome(&session, "6.1", &workload, monitor, 100) else {
                panic!("{monitor} let more than 100 {name} pass");
            };
            assert_eq!(failure.kind, FailureKind::WrongOutcome);
            assert!(failure.message.contains("10 of 10") && failure.message.contains("EPERM"), "{failure:?}");
        }
    }
}

#[test]
fn a_task_without_privileges_may_not_open() {
    let workload = file("open-unprivileged");
    let session = session("6.1", &workload);
    let refused = outcome(&session, "6.1", &workload, "bpf-lsm+deny", 5);
    assert!(matches!(&refused, Outcome::Measured(measured) if measured.events.as_ref().unwrap().seen == 15));
    let Outcome::Failed(failure) = outcome(&session, "6.1", &workload, "none", 5) else {
        panic!("the open was refused without a monitor");
    };
    assert!(failure.message.contains("openat"), "{failure:?}");
}
