//! Cells in real guests: equal runs are equal bytes, monitors see what happened,
//! and guests that misbehave on request end in the right words.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hookbench::plan::{Plan, Planned, Products};
use hookbench::qemu::QemuSession;
use hookbench::runner::spec;
use hookbench::session::Session;
use hookbench_results::protocol::Fault;
use hookbench_results::{FailureKind, Measured, Outcome, Schedule};

fn session(kernel: &str, budget: Duration) -> QemuSession {
    QemuSession::open(&[kernel.to_string()], budget, &|message| eprintln!("{message}"))
        .unwrap_or_else(|error| panic!("no session: {error:#}"))
}

fn default_session() -> QemuSession {
    session("6.1", Duration::from_secs(120))
}

/// The one cell of this workload and monitor, with few samples.
fn planned(
    kernel: &str,
    workload: &str,
    monitor: &str,
    params: &[(&str, &str)],
    schedule: Schedule,
) -> Planned {
    let products = Products {
        workloads: vec![workload.into()],
        monitors: vec![monitor.into()],
        schedules: vec![schedule],
        params: params.iter().map(|(name, value)| (name.to_string(), vec![value.to_string()])).collect(),
        samples: Some(10),
    };
    let plan = Plan { name: "test".into(), about: String::new(), kernels: vec![], cells: vec![products] };
    let cells = plan.cells(&[kernel.to_string()]).unwrap();
    cells.into_iter().find(|planned| planned.cell.monitor.to_string() == monitor).unwrap()
}

fn paced(workload: &str, monitor: &str, params: &[(&str, &str)]) -> Planned {
    planned("6.1", workload, monitor, params, Schedule::Paced)
}

fn run(session: &QemuSession, planned: &Planned, fault: Option<Fault>) -> Outcome {
    session.run(&planned.cell, &spec(planned, fault))
}

fn measured(session: &QemuSession, planned: &Planned) -> Measured {
    match run(session, planned, None) {
        Outcome::Measured(measured) => measured,
        other => panic!("{} {}: {other:?}", planned.cell, other.word()),
    }
}

fn failed_as(fault: Fault, monitor: &str, budget: Duration, kind: FailureKind) -> String {
    let planned = paced("mprotect-storm", monitor, &[("to", "r")]);
    match run(&session("6.1", budget), &planned, Some(fault)) {
        Outcome::Failed(failure) => {
            assert_eq!(failure.kind, kind, "{failure:?}");
            failure.message
        }
        other => panic!("{fault:?} ended as {other:?}"),
    }
}

const LONG: Duration = Duration::from_secs(120);

#[test]
fn a_guest_that_panics_is_said_to() {
    let message = failed_as(Fault::Panic, "none", LONG, FailureKind::GuestPanic);
    assert!(message.contains("Kernel panic"), "{message}");
}

#[test]
fn a_guest_that_hangs_runs_out_of_its_budget() {
    failed_as(Fault::Hang, "none", Duration::from_secs(8), FailureKind::Timeout);
}

#[test]
fn a_guest_that_talks_garbage_is_not_understood() {
    let message = failed_as(Fault::Garbage, "none", LONG, FailureKind::Protocol);
    assert!(message.contains("no message"), "{message}");
}

#[test]
fn a_guest_that_never_ends_talking_is_cut_off() {
    failed_as(Fault::Flood, "none", LONG, FailureKind::Protocol);
}

#[test]
fn a_guest_that_vanishes_has_no_answer() {
    failed_as(Fault::Vanish, "none", LONG, FailureKind::GuestEnded);
}

#[test]
fn a_monitor_that_hears_nothing_is_failed_and_not_fast() {
    for monitor in ["bpf-lsm+count", "kprobe+ringbuf", "audit+rules", "ftrace+function"] {
        let message = failed_as(Fault::Deaf, monitor, LONG, FailureKind::EventsMismatch);
        // Taking three audit rules away makes three events of its own.
        let few = ["saw 0 ", "saw 3 "].iter().any(|saw| message.contains(saw));
        assert!(few && message.contains("of 60 mprotect"), "{monitor}: {message}");
    }
}

#[test]
fn an_operation_in_which_the_cpu_was_idle_is_noted() {
    let session = default_session();
    for schedule in Schedule::ALL {
        let planned = planned("6.1", "null-syscall", "none", &[], schedule);
        let Outcome::Measured(napping) = run(&session, &planned, Some(Fault::Nap)) else { panic!() };
        assert_eq!(napping.notes, ["the CPU was idle in 10 of 10 operations: not only its own instructions"]);
        assert!(measured(&session, &planned).notes.is_empty());
    }
}

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
    let measuring = AtomicBool::new(true);
    let all: Vec<Measured> = std::thread::scope(|scope| {
        for rest in [30, 70, 110, 150] {
            let measuring = &measuring;
            scope.spawn(move || restless(measuring, Duration::from_micros(rest)));
        }
        let guests: Vec<_> = (0..6).map(|_| scope.spawn(|| measured(&session, &planned))).collect();
        let all = guests.into_iter().map(|guest| guest.join().unwrap()).collect();
        measuring.store(false, Ordering::Relaxed);
        all
    });
    assert!(all.iter().all(|measured| *measured == all[0]), "{all:#?}");
}

/// Works and rests in turn, so that whoever shares the CPU is interrupted anywhere.
fn restless(measuring: &AtomicBool, rest: Duration) {
    while measuring.load(Ordering::Relaxed) {
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_micros(60) {
            std::hint::spin_loop();
        }
        std::thread::sleep(rest);
    }
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
