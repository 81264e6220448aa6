//! Monitors that a process attaches to itself, in guests, and monitors that ask a
//! listener or count without BPF.

use common::cells::{default_session, measured, paced, planned, run};
use hookbench::session::guests::ExactSession;
use hookbench_model::protocol::Fault;
use hookbench_model::{FailureKind, Outcome, Schedule};
use hookbench_plan::Planned;

mod common;

/// The cell of a workload that causes the events the monitor watches.
fn cell(monitor: &str) -> Planned {
    match monitor {
        "fanotify+perm" => paced("execve-noop", monitor, &[]),
        _ => paced("mprotect-storm", monitor, &[("to", "r")]),
    }
}

const SEEING: &[&str] = &["seccomp+log", "seccomp+notify", "perf+count", "perf+tracepoint", "fanotify+perm"];

#[test]
fn each_event_is_seen() {
    let session = default_session();
    for monitor in SEEING {
        let events = measured(&session, &cell(monitor)).events.unwrap();
        assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor}");
    }
}

#[test]
fn a_monitor_that_is_not_attached_fails_instead_of_being_cheap() {
    let session = default_session();
    let kind = |monitor| match run(&session, &cell(monitor), Some(Fault::Deaf)) {
        Outcome::Failed(failure) => failure.kind,
        other => panic!("{monitor}: {other:?}"),
    };
    for monitor in SEEING {
        assert_eq!(kind(monitor), FailureKind::EventsMismatch, "{monitor}");
    }
    assert_eq!(kind("seccomp+errno"), FailureKind::WrongOutcome);
}

#[test]
fn a_filter_refuses_exactly_the_operations_of_its_policy() {
    let session = default_session();
    let refused = |workload, params: &[(&str, &str)]| {
        measured(&session, &paced(workload, "seccomp+errno", params)).refused.map(|refused| refused.errno)
    };
    assert_eq!(refused("mprotect-storm", &[("to", "rw")]).as_deref(), Some("EPERM"));
    assert_eq!(refused("execve-noop", &[]).as_deref(), Some("EPERM"));
    assert_eq!(refused("unshare-burst", &[("as", "root")]).as_deref(), Some("EPERM"));
    assert_eq!(refused("unshare-command", &[]).as_deref(), Some("exit code 1"));
    assert_eq!(refused("null-syscall", &[]), None);
}

fn p50(session: &ExactSession, planned: &Planned) -> u64 {
    let mut samples = measured(session, planned).samples;
    samples.sort_unstable();
    samples[samples.len() / 2]
}

#[test]
fn a_filter_that_reads_an_argument_runs_each_time() {
    let session = default_session();
    let [none, allow, allow_args] =
        ["none", "seccomp+allow", "seccomp+allow-args"].map(|monitor| p50(&session, &cell(monitor)));
    assert!(none < allow && allow < allow_args, "{none} {allow} {allow_args}");
}

#[test]
fn a_sandbox_has_a_cost_and_does_not_restrict_the_workload() {
    let session = default_session();
    for workload in ["execve-noop", "unshare-command"] {
        // A shell that may not look for its terminal would be cheaper than one without a sandbox.
        let [none, inside] =
            ["none", "landlock+fs"].map(|monitor| p50(&session, &paced(workload, monitor, &[])));
        assert!(none < inside, "{workload}: {none} {inside}");
    }
}

#[test]
fn perf_counts_the_events_that_its_ring_lost() {
    let session = default_session();
    let mut planned = planned("6.1", "mprotect-storm", "perf+tracepoint", &[("to", "r")], Schedule::Burst);
    planned.samples = 6000;
    let events = measured(&session, &planned).events.unwrap();
    assert!(events.seen > 0 && events.lost > 0, "{events:?}");
    assert_eq!(events.seen + events.lost, events.expected);
}

#[test]
fn fanotify_says_what_it_cannot_see() {
    let outcome = run(&default_session(), &paced("unshare-burst", "fanotify+perm", &[]), None);
    let Outcome::Unsupported(why) = outcome else { panic!("{outcome:?}") };
    assert_eq!(why, "fanotify sees files: it has no permission event for userns");
}
