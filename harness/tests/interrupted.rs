//! Runs that are interrupted at any time and in any way leave nothing behind and, once
//! resumed, end with the same bytes as other runs.

use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use common::{Place, same, send, signal, wait};
use hookbench_model::{FailureKind, Outcome};
use hookbench_results::store::{Journal, RUN_FILE, describe, is_part, load};
use libc::{SIGHUP, SIGINT, SIGKILL, SIGTERM};

mod common;

/// How often to interrupt a run at a random moment.
const INTERRUPTIONS: usize = 50;
/// Pseudo-random numbers, the same in each test run.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

const CELLS: &str =
    "--workload null-syscall --monitor audit+idle,audit+rules,kprobe+count --samples 10 --jobs 2";

/// Runs one test at a time: the guests of other tests would slow it down, and delays are
/// fractions of a run's duration.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Chance(u64);

impl Chance {
    /// A number from 0 to 1, more often near 0.
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let even = (self.0 >> 11) as f64 / (1u64 << 53) as f64;
        even * even
    }
}

/// The exit status of the child, if it ends within `time`.
fn ended_within(child: &mut Child, time: Duration) -> Option<ExitStatus> {
    let begin = Instant::now();
    loop {
        match child.try_wait().unwrap() {
            Some(status) => return Some(status),
            None if begin.elapsed() >= time => return None,
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Asserts that no guest outlives its run for long, and that no file is half written.
fn nothing_is_half(place: &Place, out: &str) {
    wait("the guests are gone", || place.guests().is_empty());
    let out = place.at(out);
    if out.join(RUN_FILE).exists() {
        describe(&out).unwrap();
    }
    if out.exists() {
        assert!(Journal::read(&out).unwrap().ignored.is_empty());
    }
}

fn no_parts(place: &Place, out: &str) {
    let names = fs::read_dir(place.at(out)).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(names.filter(|name| is_part(&name.to_string_lossy())).count(), 0);
}

#[test]
fn a_run_interrupted_at_any_moment_ends_like_any_other() {
    let (_alone, place) = (alone(), Place::new());
    place.succeed("warm", CELLS);
    let begin = Instant::now();
    place.succeed("whole", CELLS);
    let whole = begin.elapsed();
    let mut chance = Chance(SEED);
    let mut left = INTERRUPTIONS;
    for round in 0.. {
        let out = format!("run-{round}");
        // Each attempt resumes the last one. When one completes, the next round begins.
        while left > 0 {
            let mut child = place.run(&out, CELLS).spawn().unwrap();
            if let Some(status) = ended_within(&mut child, whole.mul_f64(chance.next() * 0.5)) {
                assert!(status.success(), "{}", place.said());
                break;
            }
            let how = [SIGINT, SIGTERM, SIGKILL, SIGHUP][left % 4];
            signal(&child, how);
            if left.is_multiple_of(5) {
                signal(&child, how);
            }
            left -= 1;
            let status = child.wait().unwrap();
            assert!(status.signal() == Some(how) || status.success(), "{status}: {}", place.said());
            nothing_is_half(&place, &out);
        }
        place.succeed(&out, CELLS);
        same(&place.at("whole"), &place.at(&out));
        no_parts(&place, &out);
        assert!(place.is_clean());
        if left == 0 {
            break;
        }
    }
}

#[test]
fn a_run_interrupted_five_times_equals_an_uninterrupted_one() {
    let (_alone, place) = (alone(), Place::new());
    let cells = "--workload null-syscall --monitor audit+idle,audit+rules,audit+reader,kprobe+count,bpf-lsm+count \
                 --samples 10 --jobs 1";
    place.succeed("whole", cells);
    let mut told = String::new();
    for how in [SIGINT, SIGTERM, SIGKILL, SIGHUP, SIGINT] {
        let mut child = place.run("cut", cells).spawn().unwrap();
        wait("a cell has ended", || place.said().contains("[1/"));
        signal(&child, how);
        assert_eq!(child.wait().unwrap().signal(), Some(how));
        nothing_is_half(&place, "cut");
        if how != SIGKILL {
            assert!(place.is_clean());
            told = place.said();
            assert!(told.contains("stopped by SIG") && told.contains(" of 6 cells have ended"), "{told}");
        }
    }
    // Run the printed command, as a user would.
    let command = told.lines().skip_while(|line| !line.contains("resume with:")).nth(1).unwrap();
    let status = place.command("sh").args(["-c", command]).status().unwrap();
    assert!(status.success(), "{command}: {}", place.said());
    same(&place.at("whole"), &place.at("cut"));
}

#[test]
fn files_of_a_killed_run_are_removed_by_the_next() {
    let (_alone, place) = (alone(), Place::new());
    let mut child = place.run("killed", CELLS).spawn().unwrap();
    wait("a guest runs", || !place.guests().is_empty());
    signal(&child, SIGKILL);
    child.wait().unwrap();
    let begin = Instant::now();
    wait("the guests are gone", || place.guests().is_empty());
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert!(!place.is_clean());
    place.succeed("next", "--workload null-syscall --monitor none --samples 10");
    assert!(place.is_clean());
}

#[test]
fn a_guest_that_hangs_does_not_delay_a_stop() {
    let (_alone, place) = (alone(), Place::new());
    let mut child = place.run("run", &format!("{CELLS} --fault hang --timeout 600")).spawn().unwrap();
    wait("a guest runs", || !place.guests().is_empty());
    signal(&child, SIGTERM);
    let status = ended_within(&mut child, Duration::from_secs(20)).expect("it ends");
    assert_eq!(status.signal(), Some(SIGTERM));
    assert!(place.guests().is_empty() && place.is_clean());
    assert!(Journal::read(&place.at("run")).unwrap().measurements.is_empty());
}

#[test]
fn a_killed_qemu_fails_only_its_cell_until_the_run_is_resumed() {
    let (_alone, place) = (alone(), Place::new());
    place.succeed("whole", CELLS);
    let mut child = place.run("run", CELLS).spawn().unwrap();
    wait("a guest runs", || !place.guests().is_empty());
    send(place.guests()[0], SIGKILL);
    assert_eq!(child.wait().unwrap().code(), Some(1), "{}", place.said());
    let run = load(&place.at("run")).unwrap();
    let failed = run.measurements.iter().filter_map(|measurement| match &measurement.outcome {
        Outcome::Failed(failure) => Some((failure.kind, failure.message.contains("SIGKILL"))),
        _ => None,
    });
    assert_eq!(failed.collect::<Vec<_>>(), [(FailureKind::Qemu, true)]);
    assert_eq!(run.count("measured"), run.measurements.len() - 1);
    place.succeed("run", CELLS);
    same(&place.at("whole"), &place.at("run"));
}

#[test]
fn a_run_continues_without_its_terminal() {
    let (_alone, place) = (alone(), Place::new());
    place.succeed("whole", CELLS);
    let mut command = place.run("unheard", CELLS);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // As nohup does.
    // SAFETY: only a system call, which is allowed after fork.
    unsafe {
        command.pre_exec(|| {
            libc::signal(SIGHUP, libc::SIG_IGN);
            Ok(())
        });
    }
    let mut child = command.spawn().unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    wait("a guest runs", || !place.guests().is_empty());
    signal(&child, SIGHUP);
    assert!(child.wait().unwrap().success());
    same(&place.at("whole"), &place.at("unheard"));
}
