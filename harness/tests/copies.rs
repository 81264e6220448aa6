//! Guests that are copies of a machine: they count the same as any other, and end as any other. (What dies is replaced:
//! `killed_machines.rs`.)

mod common;

use std::path::Path;
use std::time::Duration;

use common::cells::{LONG, measured, paced, run, session_of};
use common::processes::descendants;
use common::{Place, signal, wait};
use hookbench::session::guests::{ExactOptions, ExactSession};
use hookbench_model::protocol::Fault;
use hookbench_model::{History, Outcome};
use hookbench_plan::Planned;
use hookbench_results::store::load;

/// Forty cells: all kinds of mechanisms, each workload, all schedules.
const CELLS: &str = "--samples 20 --param to=r --param as=root \
    --workload null-syscall,unshare-burst,mprotect-storm,execve-noop \
    --monitor audit+auditd,bpf-lsm+ringbuf,kprobe+perfbuf,ftrace+function,seccomp+notify,bpf-lsm+deny,\
fanotify+perm,module+inline,tracepoint+count";

fn session(history: History, budget: Duration) -> ExactSession {
    session_of("6.1", ExactOptions { budget, guests: Some(history), ..ExactOptions::default() })
}

fn cell(monitor: &str) -> Planned {
    paced("mprotect-storm", monitor, &[("to", "r")])
}

/// The outcomes of the run in `folder`, by cell.
fn outcomes(folder: &Path) -> Vec<(String, Outcome)> {
    let run = load(folder).unwrap();
    run.measurements.into_iter().map(|it| (it.cell.to_string(), it.outcome)).collect()
}

#[test]
fn forty_cells_count_the_same_in_copies_in_restored_and_in_booted_guests() {
    let place = Place::new();
    for way in ["forked", "restored", "cold"] {
        place.succeed(way, &format!("--guests {way} --schedule paced {CELLS}"));
    }
    place.succeed("one-job", &format!("--guests forked --jobs 1 --schedule paced {CELLS}"));
    let forked = outcomes(&place.at("forked"));
    assert_eq!(forked.len(), 40);
    for other in ["restored", "cold", "one-job"] {
        for (one, two) in forked.iter().zip(outcomes(&place.at(other))) {
            assert_eq!(*one, two, "{other}");
        }
    }
    assert!(place.is_clean());
}

#[test]
fn cells_that_depend_on_random_numbers_count_the_same_too() {
    let place = Place::new();
    let commands = "--workload unshare-command --monitor audit+auditd,landlock+fs";
    let layouts = "--profile debian --samples 20 --param ld_preload=ignored --param env_pages=0 \
                   --workload execve-noop --monitor lsm+idle,bpf-lsm+ringbuf";
    for (kind, cells) in [("commands", commands), ("layouts", layouts)] {
        let [forked, restored, cold] = ["forked", "restored", "cold"].map(|way| {
            let name = format!("{kind}-{way}");
            place.succeed(&name, &format!("--guests {way} --schedule paced --no-attribution {cells}"));
            outcomes(&place.at(&name))
        });
        assert_eq!(forked.len(), 3);
        assert_eq!(forked, restored, "{kind}");
        assert_eq!(forked, cold, "{kind}");
    }
}

#[test]
fn schedules_count_the_same_in_copies() {
    let place = Place::new();
    let cells = "--samples 20 --workload mprotect-storm --param to=r --schedule burst,delivered \
                 --monitor audit+auditd,bpf-lsm+ringbuf";
    place.succeed("forked", &format!("--guests forked {cells}"));
    place.succeed("restored", &format!("--guests restored {cells}"));
    assert_eq!(outcomes(&place.at("forked")), outcomes(&place.at("restored")));
}

#[test]
fn a_copy_that_misbehaves_ends_as_a_restored_guest_does_and_its_machine_serves_on() {
    let (forked, restored) = (session(History::Forked, LONG), session(History::Restored, LONG));
    let alone = measured(&restored, &cell("kprobe+count"));
    // A guest that stalls is only ended by the real time.
    for fault in Fault::ALL.into_iter().filter(|fault| *fault != Fault::Stall) {
        let [copy, other] =
            [&forked, &restored].map(|session| run(session, &cell("kprobe+count"), Some(fault)));
        match (copy, other) {
            // A panicking kernel also shows what older calls left on its stack, which an interrupt can change.
            (Outcome::Failed(copy), Outcome::Failed(other)) => {
                assert_eq!((copy.kind, copy.message), (other.kind, other.message), "{fault:?}");
            }
            (copy, other) => assert_eq!(copy, other, "{fault:?}"),
        }
    }
    assert_eq!(measured(&forked, &cell("kprobe+count")), alone);
}

#[test]
fn a_copy_that_stalls_is_ended_at_the_real_time_limit() {
    let session = session(History::Forked, Duration::from_secs(10));
    let alone = measured(&session, &cell("none"));
    let Outcome::Failed(failure) = run(&session, &cell("none"), Some(Fault::Stall)) else { panic!() };
    assert!(failure.message.contains("10s"), "{failure:?}");
    assert_eq!(measured(&session, &cell("none")), alone);
}

#[test]
fn no_machine_outlives_a_killed_hookbench() {
    let place = Place::new();
    let mut hookbench =
        place.run("killed", &format!("--guests forked --schedule paced {CELLS}")).spawn().unwrap();
    wait("a cell has ended", || place.said().contains("[1/"));
    let machines = descendants(hookbench.id());
    assert!(machines.len() >= 2, "{machines:?}");
    signal(&hookbench, libc::SIGKILL);
    hookbench.wait().unwrap();
    wait("the machines have ended", || {
        machines.iter().all(|pid| !Path::new(&format!("/proc/{pid}")).exists())
    });
}
