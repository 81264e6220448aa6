//! Cells in real guests: equal runs are equal bytes, and monitors see what happened.

use common::beside_restless;
use common::cells::{LONG, default_session, measured, paced, planned, run, session};
use hookbench_results::protocol::Fault;
use hookbench_results::{FailureKind, Measured, Outcome, Schedule};

mod common;

#[test]
fn a_denying_monitor_refuses_those_it_has_to_and_only_those() {
    let session = default_session();
    let refused = |workload, params: &[(&str, &str)]| {
        measured(&session, &paced(workload, "bpf-lsm+deny", params)).refused.map(|refused| refused.errno)
    };
    assert_eq!(refused("unshare-burst", &[("as", "user")]).as_deref(), Some("EPERM"));
    assert_eq!(refused("unshare-burst", &[("as", "root")]), None);
    assert_eq!(refused("mprotect-storm", &[("to", "rw")]).as_deref(), Some("EPERM"));
    assert_eq!(refused("execve-noop", &[]).as_deref(), Some("EPERM"));
    assert_eq!(refused("unshare-command", &[]), None);
}

#[test]
fn the_value_of_ld_preload_is_recorded_behind_32_pages_of_environment() {
    let session = default_session();
    let params = [("env_pages", "32"), ("ld_preload", "recorded")];
    for monitor in ["bpf-lsm+perfbuf", "kprobe+ringbuf", "tracepoint+ringbuf", "raw-tracepoint+ringbuf"] {
        let events = measured(&session, &paced("execve-noop", monitor, &params)).events.unwrap();
        assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor}");
    }
    let audit = run(&session, &paced("execve-noop", "audit+auditd", &params), None);
    assert!(matches!(audit, Outcome::Unsupported(_)), "{audit:?}");
}

#[test]
fn what_is_delivered_costs_more_than_what_is_only_sent() {
    let session = default_session();
    let p50 = |schedule| {
        let planned = planned("6.1", "mprotect-storm", "bpf-lsm+ringbuf", &[("to", "r")], schedule);
        let mut samples = measured(&session, &planned).samples;
        samples.sort_unstable();
        samples[samples.len() / 2]
    };
    assert!(p50(Schedule::Delivered) > p50(Schedule::Paced));
}

#[test]
fn equal_cells_are_equal_and_the_numbers_are_where_they_were() {
    let session = default_session();
    let none = paced("null-syscall", "none", &[]);
    let first = measured(&session, &none);
    assert_eq!(first, measured(&session, &none));
    // An empty section costs five instructions and getppid some three hundred,
    // on every build of 6.1 so far.
    assert_eq!(first.calibration, 5);
    assert!(first.samples.iter().all(|sample| (300..380).contains(sample)), "{:?}", first.samples);
}

#[test]
fn equal_cells_are_equal_on_a_restless_machine() {
    let session = default_session();
    let planned = paced("mprotect-storm", "bpf-lsm+ringbuf", &[("to", "rw")]);
    let all: Vec<Measured> = beside_restless(|| {
        std::thread::scope(|scope| {
            let guests: Vec<_> = (0..6).map(|_| scope.spawn(|| measured(&session, &planned))).collect();
            guests.into_iter().map(|guest| guest.join().unwrap()).collect()
        })
    });
    assert!(all.iter().all(|measured| *measured == all[0]), "{all:#?}");
}

#[test]
fn the_newest_kernel_is_measured_as_well() {
    let session = session("6.12", LONG);
    for monitor in ["audit+auditd", "bpf-lsm+ringbuf", "fexit+ringbuf", "ftrace+syscall-events"] {
        let planned = planned("6.12", "unshare-burst", monitor, &[], Schedule::Paced);
        let events = measured(&session, &planned).events.unwrap();
        assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor}");
    }
}

#[test]
fn who_is_killed_is_killed_after_the_deed() {
    let session = default_session();
    for (workload, params, events) in [
        ("execve-noop", [].as_slice(), 10),
        ("unshare-burst", &[("as", "user")], 10),
        ("mprotect-storm", &[("to", "rw")], 20),
    ] {
        for monitor in ["bpf-lsm+kill", "kprobe+kill"] {
            let refused = measured(&session, &paced(workload, monitor, params)).refused.unwrap();
            assert_eq!((refused.operations, refused.errno.as_str()), (10, "SIGKILL"), "{workload} {monitor}");
            let happened = refused.happened.unwrap();
            assert_eq!((happened.events, happened.of), (events, events), "{workload} {monitor}");
        }
    }
    assert_eq!(measured(&session, &paced("unshare-burst", "bpf-lsm+kill", &[])).refused, None);
}

#[test]
fn who_samples_catches_more_the_more_often_it_looks_and_is_not_deaf() {
    let session = default_session();
    let caught = |monitor| {
        let events = measured(&session, &paced("execve-noop", monitor, &[])).events.unwrap();
        assert!(events.looks.is_some_and(|looks| looks > 0) && events.seen <= events.expected, "{events:?}");
        events.seen
    };
    assert!(caught("sampling+timer-1khz") < caught("sampling+timer-50khz"));
    let deaf = run(&session, &paced("execve-noop", "sampling+timer-50khz", &[]), Some(Fault::Deaf));
    assert!(
        matches!(&deaf, Outcome::Failed(failure) if failure.kind == FailureKind::EventsMismatch),
        "{deaf:?}"
    );
}

#[test]
fn one_program_at_several_functions_and_one_of_a_cgroup_see_everything() {
    let session = session("6.12", LONG);
    for monitor in ["kprobe-multi+count", "kprobe-multi+ringbuf", "lsm-cgroup+count", "tracepoint+perfbuf"] {
        let planned = planned("6.12", "mprotect-storm", monitor, &[("to", "r")], Schedule::Paced);
        let events = measured(&session, &planned).events.unwrap();
        assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor}");
    }
    let planned = planned("6.12", "execve-noop", "fmod-ret+deny", &[], Schedule::Paced);
    let refused = measured(&session, &planned).refused.unwrap();
    assert_eq!((refused.operations, refused.errno.as_str()), (10, "EPERM"));
}
