//! Cells in real guests: equal runs are equal bytes, and monitors see what happened.

use common::beside_restless;
use common::cells::{LONG, default_session, measured, paced, planned, run, session};
use hookbench_results::{Measured, Outcome, Schedule};

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
