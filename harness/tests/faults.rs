//! Guests that misbehave on request: each fails its cell with the right message, and does
//! not affect any other cell.

use std::time::Duration;

use common::cells::{LONG, default_session, measured, paced, run, session};
use hookbench::run::runner::spec;
use hookbench::session::Session;
use hookbench::session::guests::ExactSession;
use hookbench_model::protocol::{CellSpec, Fault};
use hookbench_model::{Failure, FailureKind, Outcome, Schedule};
use hookbench_plan::Planned;

mod common;

fn cell(monitor: &str) -> Planned {
    paced("mprotect-storm", monitor, &[("to", "r")])
}

fn failed(session: &ExactSession, fault: Fault, monitor: &str) -> Failure {
    match run(session, &cell(monitor), Some(fault)) {
        Outcome::Failed(failure) => failure,
        other => panic!("{fault:?} ended as {other:?}"),
    }
}

/// Asserts that the fault fails the cell as `kind` with a message that contains `part`,
/// and that the console names the fault.
fn ends_as(session: &ExactSession, fault: Fault, monitor: &str, kind: FailureKind, part: &str) -> Failure {
    let failure = failed(session, fault, monitor);
    assert_eq!(failure.kind, kind, "{failure:?}");
    assert!(failure.message.contains(part), "{fault:?}: {}", failure.message);
    has(&failure, &format!("hookbench-agent: {fault:?} on request"));
    failure
}

/// Asserts that a line of the saved console contains `part`.
fn has(failure: &Failure, part: &str) {
    assert!(failure.console.iter().any(|line| line.contains(part)), "{part}: {failure:#?}");
}

#[test]
fn a_guest_that_panics_is_reported_as_such() {
    let session = default_session();
    let failure = failed(&session, Fault::Panic, "none");
    assert_eq!(failure.kind, FailureKind::GuestPanic);
    assert!(failure.message.contains("Kernel panic - not syncing: sysrq triggered crash"), "{failure:?}");
    has(&failure, "entry_SYSCALL_64");
}

#[test]
fn a_guest_that_resets_its_machine_has_no_answer() {
    let session = default_session();
    let failure = ends_as(&session, Fault::Reboot, "none", FailureKind::GuestEnded, "without an answer");
    has(&failure, "Restarting system");
}

#[test]
fn a_guest_that_vanishes_has_no_answer() {
    ends_as(&default_session(), Fault::Vanish, "none", FailureKind::GuestEnded, "without an answer");
}

#[test]
fn a_guest_can_be_told_to_end_at_its_first_operation() {
    let outcome = run(&default_session(), &cell("none"), Some(Fault::First));
    assert!(
        matches!(&outcome, Outcome::Failed(failure) if failure.kind == FailureKind::GuestEnded),
        "{outcome:?}"
    );
}

#[test]
fn a_guest_that_hangs_ends_itself_in_the_same_way_each_time() {
    let session = default_session();
    let planned = cell("none");
    let hang = CellSpec { budget: 2, ..spec(&planned, Some(Fault::Hang)) };
    let outcomes = [(); 2].map(|()| session.run(&planned.cell, &hang).outcome);
    let Outcome::Failed(failure) = &outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert_eq!(failure.message, "the cell did not end within 2 s of the guest's time");
    has(failure, "hookbench-agent: Hang on request");
    let bytes = |outcome| serde_json::to_string(outcome).unwrap();
    assert_eq!(bytes(&outcomes[0]), bytes(&outcomes[1]));
}

#[test]
fn a_guest_whose_agent_starves_ends_at_the_real_time_limit() {
    // This makes the snapshot: the time limit below is too short for a boot.
    measured(&default_session(), &cell("none"));
    let session = session("6.1", Duration::from_secs(5));
    // The kernel's complaints about the stall push what the agent said out of the console's last lines.
    let failure = failed(&session, Fault::Stall, "none");
    assert_eq!(failure.kind, FailureKind::Timeout, "{failure:?}");
    assert!(failure.message.contains("did not end within 5s"), "{failure:?}");
    has(&failure, "rcu");
}

#[test]
fn a_worker_without_memory_is_killed_and_the_console_says_why() {
    let session = default_session();
    let failure = ends_as(&session, Fault::OutOfMemory, "none", FailureKind::Agent, "killed by signal 9");
    has(&failure, "Out of memory: Killed process");
}

#[test]
fn garbage_from_a_guest_is_a_protocol_failure() {
    let session = default_session();
    for (fault, part) in [
        (Fault::Garbage, "a line that is not a message"),
        (Fault::NotUtf8, "a line that is not a message (invalid unicode"),
        (Fault::Truncated, "a message without its end"),
        (Fault::Twice, "more after its answer"),
        (Fault::ReadyLate, "more after its answer"),
        (Fault::ReadyTwice, "two messages that its agent is ready"),
    ] {
        ends_as(&session, fault, "none", FailureKind::Protocol, part);
    }
}

#[test]
fn a_guest_that_never_stops_sending_is_cut_off() {
    let session = default_session();
    for fault in [Fault::Flood, Fault::Overlong] {
        let part = "more than an answer with 10 samples can be long";
        ends_as(&session, fault, "none", FailureKind::Protocol, part);
    }
}

#[test]
fn impossible_numbers_fail_the_cell() {
    let session = default_session();
    for (fault, part) in [
        (Fault::LieSamples, "9 samples instead of 10"),
        (Fault::LieCalibration, "an empty timed section with a cost of zero"),
        (Fault::LieEvents, "59 events were seen and 0 lost instead of 60"),
        (Fault::LieNoEvents, "no events, although kprobe+count sees them"),
        (Fault::LieNoCost, "no cost of attaching kprobe+count"),
        (Fault::LieRefused, "11 refused operations instead of 0 of 10"),
    ] {
        ends_as(&session, fault, "kprobe+count", FailureKind::Protocol, part);
    }
}

#[test]
fn a_monitor_that_sees_nothing_fails_instead_of_being_cheap() {
    let session = default_session();
    for monitor in ["bpf-lsm+count", "kprobe+ringbuf", "audit+rules", "ftrace+function"] {
        let failure = ends_as(&session, Fault::Deaf, monitor, FailureKind::EventsMismatch, "of 60 mprotect");
        // Removing the audit rule causes an event.
        let few = ["saw 0 ", "saw 1 "].iter().any(|saw| failure.message.contains(saw));
        assert!(few, "{monitor}: {}", failure.message);
    }
}

#[test]
fn a_workload_that_does_nothing_fails_instead_of_being_cheap() {
    let session = default_session();
    for (workload, params, part) in [
        ("null-syscall", None, "expected 30 system calls that returned the right value, found 0 "),
        ("execve-noop", Some(("env_pages", "0")), "expected 30 programs that exited with 0, found 0 "),
        ("unshare-burst", Some(("as", "user")), "expected 30 children in a new user namespace, found 0 "),
        ("unshare-command", None, "expected 15 programs that exited with 0, found 0 "),
        ("mprotect-storm", Some(("to", "r")), "expected a read-only page, found a writable page"),
        ("mprotect-storm", Some(("to", "rw")), "expected a writable page, found a read-only page"),
    ] {
        // The monitor misses the events, too; the failure names the cause.
        for monitor in ["none", "kprobe+count"] {
            let planned = paced(workload, monitor, params.as_slice());
            measured(&session, &planned);
            let Outcome::Failed(failure) = run(&session, &planned, Some(Fault::IdleWorkload)) else {
                panic!("{workload} {params:?} did nothing under {monitor} and was measured")
            };
            assert_eq!(failure.kind, FailureKind::WrongOutcome, "{failure:?}");
            let message = format!("the effect of {workload} is wrong: {part}");
            assert!(failure.message.starts_with(&message), "{}", failure.message);
        }
    }
}

#[test]
fn an_operation_in_which_the_cpu_was_idle_is_noted() {
    let session = default_session();
    for schedule in Schedule::ALL {
        let planned = common::cells::planned("6.1", "null-syscall", "none", &[], schedule);
        let Outcome::Measured(napping) = run(&session, &planned, Some(Fault::Nap)) else { panic!() };
        assert_eq!(napping.notes, ["the CPU was idle in 10 of 10 operations: not only its own instructions"]);
        assert!(measured(&session, &planned).notes.is_empty());
    }
}

#[test]
fn a_fault_does_not_affect_other_cells() {
    let session = session("6.1", LONG);
    let alone = measured(&session, &cell("kprobe+count"));
    let faults = [Fault::Panic, Fault::Reboot, Fault::OutOfMemory, Fault::Flood, Fault::LieEvents];
    std::thread::scope(|scope| {
        for fault in faults {
            let session = &session;
            scope.spawn(move || failed(session, fault, "kprobe+count"));
            assert_eq!(measured(session, &cell("kprobe+count")), alone, "beside {fault:?}");
        }
    });
    assert_eq!(measured(&session, &cell("kprobe+count")), alone);
}

#[test]
fn every_fault_is_provoked_here() {
    let tests = include_str!("faults.rs");
    for fault in Fault::ALL {
        assert!(tests.contains(&format!("Fault::{fault:?}")), "{fault:?}");
        // Each fault also has a name on the command line.
        let name = serde_json::to_value(fault).unwrap();
        assert_eq!(name.as_str().unwrap().parse::<Fault>().unwrap(), fault);
    }
}
