//! The operations that everyone knows from lmbench and UnixBench, in real guests: monitors see what happened, the
//! operations have their effects, and equal cells give equal numbers.

use common::cells::{LONG, default_session, measured, paced, planned, run, session};
use hookbench::session::guests::ExactSession;
use hookbench_model::protocol::Fault;
use hookbench_model::{FailureKind, Outcome, Schedule};
use hookbench_plan::Planned;

mod common;

/// A workload, its parameters, and the events that ten timed operations and those before them raise.
type Row = (&'static str, &'static [(&'static str, &'static str)], u64);

const ALL: &[Row] = &[
    ("read", &[], 2),
    ("write", &[], 2),
    ("stat", &[], 2),
    ("fstat", &[], 2),
    ("open-close", &[("depth", "1"), ("path", "absolute")], 30),
    ("open-close", &[("depth", "64"), ("path", "relative")], 30),
    ("open-close", &[("depth", "8"), ("path", "symlink")], 30),
    ("select", &[("descriptors", "1000")], 2),
    ("signal", &[("way", "install")], 2),
    ("signal", &[("way", "catch")], 30),
    ("pipe", &[], 2),
    ("fork-exit", &[("mappings", "0")], 31),
    ("fork-exit", &[("mappings", "1000")], 31),
    ("fork-exec", &[], 30),
    ("fork-shell", &[], 30),
    ("connect", &[("to", "tcp")], 30),
    ("connect", &[("to", "unix")], 30),
    ("connect", &[("to", "refused")], 30),
    ("mount-umount", &[], 20),
    ("module-load", &[], 15),
    ("ptrace-attach", &[], 30),
];

#[test]
fn each_event_is_seen_and_the_cpu_is_never_idle() {
    let session = default_session();
    for (workload, params, events) in ALL {
        let none = measured(&session, &paced(workload, "none", params));
        assert!(none.notes.is_empty(), "{workload} {params:?}: {:?}", none.notes);
        assert!(
            none.samples.iter().all(|sample| *sample > none.calibration),
            "{workload}: {:?}",
            none.samples
        );
        for monitor in ["bpf-lsm+count", "tracepoint+ringbuf"] {
            let counted = measured(&session, &paced(workload, monitor, params)).events.unwrap();
            let found = (counted.seen, counted.lost, counted.expected);
            assert_eq!(found, (*events, 0, *events), "{workload} {params:?} {monitor}");
        }
    }
}

#[test]
fn an_operation_that_does_nothing_fails_instead_of_being_cheap() {
    let session = default_session();
    for (workload, params, _) in ALL {
        let planned = paced(workload, "none", params);
        let Outcome::Failed(failure) = run(&session, &planned, Some(Fault::IdleWorkload)) else {
            panic!("{workload} {params:?} did nothing and was measured")
        };
        assert_eq!(failure.kind, FailureKind::WrongOutcome, "{failure:?}");
        let message = format!("the effect of {workload} is wrong: ");
        assert!(failure.message.starts_with(&message), "{}", failure.message);
    }
}

#[test]
fn equal_cells_of_two_processes_give_equal_numbers() {
    let (one, two) = (default_session(), default_session());
    for (workload, params) in [("pipe", [].as_slice()), ("connect", &[("to", "tcp")]), ("fork-shell", &[])] {
        for schedule in Schedule::ALL {
            let planned = planned("6.1", workload, "bpf-lsm+ringbuf", params, schedule);
            assert_eq!(measured(&one, &planned), measured(&two, &planned), "{}", planned.cell);
        }
    }
}

fn p50(session: &ExactSession, planned: &Planned) -> u64 {
    let mut samples = measured(session, planned).samples;
    samples.sort_unstable();
    samples[samples.len() / 2]
}

#[test]
fn an_operation_costs_more_with_more_to_do() {
    let session = default_session();
    for (workload, name, values) in [
        ("open-close", "depth", ["1", "8", "64"]),
        ("fork-exit", "mappings", ["0", "100", "1000"]),
        ("select", "descriptors", ["1", "100", "1000"]),
    ] {
        let [few, more, most] = values.map(|value| p50(&session, &paced(workload, "none", &[(name, value)])));
        assert!(few < more && more < most, "{workload}: {few} {more} {most}");
    }
}

/// The process that forks has nothing of what the monitor left in the worker.
#[test]
fn a_fork_costs_about_the_same_with_a_monitor_of_something_else() {
    let session = default_session();
    let [none, ringbuf] =
        ["none", "bpf-lsm+ringbuf"].map(|monitor| p50(&session, &paced("fork-exec", monitor, &[])));
    assert!(ringbuf.abs_diff(none) * 20 < none, "{none} {ringbuf}");
}

/// How the operations of this workload were refused.
fn refused(session: &ExactSession, workload: &str, monitor: &str, params: &[(&str, &str)]) -> Option<String> {
    measured(session, &paced(workload, monitor, params)).refused.map(|refused| refused.errno)
}

#[test]
fn a_filter_refuses_each_operation_of_its_behaviour() {
    let session = default_session();
    for (workload, params) in [
        ("open-close", [].as_slice()),
        ("signal", &[("way", "catch")]),
        ("fork-exit", &[]),
        ("fork-exec", &[]),
        ("fork-shell", &[]),
        ("connect", &[("to", "tcp")]),
        ("connect", &[("to", "refused")]),
        ("mount-umount", &[]),
        ("module-load", &[]),
        ("ptrace-attach", &[]),
    ] {
        let errno = refused(&session, workload, "seccomp+errno", params);
        assert_eq!(errno.as_deref(), Some("EPERM"), "{workload} {params:?}");
    }
    for (workload, params) in [("read", [].as_slice()), ("pipe", &[]), ("signal", &[("way", "install")])] {
        assert_eq!(refused(&session, workload, "seccomp+errno", params), None, "{workload}");
    }
}

#[test]
fn a_policy_refuses_the_operations_that_it_does_not_let_pass() {
    let session = default_session();
    for workload in ["connect", "mount-umount", "module-load", "ptrace-attach"] {
        assert_eq!(refused(&session, workload, "bpf-lsm+deny", &[]).as_deref(), Some("EPERM"), "{workload}");
        let outcome = run(&session, &paced(workload, "bpf-lsm+kill", &[]), None);
        let Outcome::Unsupported(why) = outcome else { panic!("{workload}: {outcome:?}") };
        assert!(why.contains("the worker itself makes the operation"), "{why}");
    }
    // Their policies let a privileged process pass, or one without LD_PRELOAD.
    for workload in ["open-close", "fork-exit", "fork-exec", "fork-shell"] {
        for monitor in ["bpf-lsm+deny", "bpf-lsm+kill"] {
            assert_eq!(refused(&session, workload, monitor, &[]), None, "{workload} {monitor}");
        }
    }
}

#[test]
fn a_sandbox_that_cannot_mount_is_unsupported() {
    let outcome = run(&default_session(), &paced("mount-umount", "landlock+fs", &[]), None);
    let Outcome::Unsupported(why) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("may not mount"), "{why}");
}

#[test]
fn the_oldest_and_the_newest_kernel_make_every_operation() {
    // One row of each workload.
    let mut rows = ALL.to_vec();
    rows.dedup_by_key(|(workload, ..)| *workload);
    for kernel in ["5.10", "7.3"] {
        let session = session(kernel, LONG);
        for (workload, params, events) in &rows {
            let planned = planned(kernel, workload, "fentry+count", params, Schedule::Paced);
            let counted = measured(&session, &planned).events.unwrap();
            assert_eq!((counted.seen, counted.lost), (*events, 0), "{}", planned.cell);
        }
    }
}
