//! One way: a fresh process makes it, then the runner looks at its effect and at the policy's records.

use std::io;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};

use super::policies::Attached;
use crate::child;
use crate::exchange::{Record, Tries};
use crate::modules;
use crate::scenario::{Effect, Scenario, Way};
use crate::scene::{Scene, Shared, now};
use crate::sys::{become_user, check};

/// How long a way may take, in milliseconds of the guest's time.
pub(super) const PATIENCE: i32 = 2_000;

/// The most records that are listed for a way.
const MOST_RECORDS: usize = 12;

/// Tries `way`.
///
/// # Errors
/// When the runner itself fails.
pub(super) fn run(
    way: &Way,
    scenario: &Scenario,
    scene: &Scene,
    attached: &mut dyn Attached,
) -> Result<Tries> {
    if let Some(lack) = way.needs.iter().find_map(|&need| modules::lack(need)) {
        return Ok(Tries::invalid(way.name, lack));
    }
    let tries = attempt(way, scenario, scene, attached, PATIENCE)?;
    Ok(with_effect(tries, looked(way, scenario, scene)))
}

/// `tries` with its effect. Nothing can be said of a way whose effect cannot be looked at.
pub(super) fn with_effect(tries: Tries, looked: io::Result<bool>) -> Tries {
    match looked {
        Ok(true) => Tries { effect: Effect::Reached, ..tries },
        Ok(false) => tries,
        Err(error) => {
            let why = format!("its effect cannot be looked at: {error}");
            Tries { invalid: tries.invalid.or(Some(why)), ..tries }
        }
    }
}

/// Makes the way within `patience` milliseconds, and reads the records. Its effect has not been looked at.
///
/// # Errors
/// When the runner itself fails.
pub(super) fn attempt(
    way: &Way,
    scenario: &Scenario,
    scene: &Scene,
    attached: &mut dyn Attached,
    patience: i32,
) -> Result<Tries> {
    prepare(way, scenario, scene, attached, false)?;
    let ended = make(way, scene, patience)
        .with_context(|| format!("failed to run {} of {}", way.name, scenario.name))?;
    let shared = scene.shared;
    let window = window(shared);
    let records = match window {
        Some(window) => attached.records(window)?,
        None => Vec::new(),
    };
    let lost = Some(attached.lost()?).filter(|&lost| lost != 0);
    let errno = errno(shared);
    let signal = match ended {
        Ended::Killed(signal) => Some(signal),
        Ended::Exited | Ended::HungUp => None,
    };
    let invalid = match (ended, window) {
        (Ended::HungUp, _) => Some("it did not end".to_owned()),
        (Ended::Exited, None) => Some(match errno {
            Some(errno) => format!("it failed before its decisive call (errno {errno})"),
            None => "it never made its decisive call".into(),
        }),
        (Ended::Killed(signal), None) => Some(format!("signal {signal} ended it before its decisive call")),
        _ => None,
    };
    let hindered = Some(shared.hindered.load(Ordering::SeqCst)).filter(|&errno| errno != 0);
    let more_records = Some(records.len() as u64).filter(|_| records.len() > MOST_RECORDS);
    Ok(Tries {
        way: way.name.into(),
        effect: Effect::NotReached,
        errno,
        signal,
        invalid,
        hindered,
        records: listed(records),
        more_records,
        notes: Vec::new(),
        lost,
    })
}

impl Tries {
    /// Nothing can be said of `way`, for this reason.
    pub(super) fn invalid(way: &str, why: String) -> Tries {
        Tries {
            way: way.into(),
            effect: Effect::NotReached,
            errno: None,
            signal: None,
            hindered: None,
            invalid: Some(why),
            records: Vec::new(),
            more_records: None,
            notes: Vec::new(),
            lost: None,
        }
    }
}

/// The first records, without repetitions.
fn listed(records: Vec<Record>) -> Vec<Record> {
    let mut listed: Vec<Record> = Vec::new();
    for record in records {
        if listed.len() < MOST_RECORDS && !listed.contains(&record) {
            listed.push(record);
        }
    }
    listed
}

/// Makes the scene as it was at first, with no records, for `way`. Its section is timed if `is_timed`.
///
/// # Errors
/// When the runner itself fails.
pub(super) fn prepare(
    way: &Way,
    scenario: &Scenario,
    scene: &Scene,
    attached: &mut dyn Attached,
    is_timed: bool,
) -> Result<()> {
    clear(scene.shared);
    (scenario.reset)(scene)
        .with_context(|| format!("failed to reset the scene for {} of {}", way.name, scenario.name))?;
    attached.clear()?;
    scene.shared.section.clear(is_timed);
    Ok(())
}

/// Whether the effect of `way` is there, after it has ended.
///
/// # Errors
/// When that cannot be found out.
fn looked(way: &Way, scenario: &Scenario, scene: &Scene) -> io::Result<bool> {
    (way.has_effect.unwrap_or(scenario.has_effect))(scene, scene.shared)
}

/// As [`looked`], for the runner.
///
/// # Errors
/// When that cannot be found out.
pub(super) fn has_effect(way: &Way, scenario: &Scenario, scene: &Scene) -> Result<bool> {
    looked(way, scenario, scene)
        .with_context(|| format!("failed to look at the effect of {} of {}", way.name, scenario.name))
}

/// The error number of the decisive call of the way that ended, if it failed.
pub(super) fn errno(shared: &Shared) -> Option<i32> {
    Some(shared.errno.load(Ordering::SeqCst)).filter(|&errno| errno != 0)
}

fn clear(shared: &Shared) {
    shared.begin.store(0, Ordering::SeqCst);
    shared.end.store(0, Ordering::SeqCst);
    shared.errno.store(0, Ordering::SeqCst);
    shared.hindered.store(0, Ordering::SeqCst);
    shared.values.iter().for_each(|value| value.store(0, Ordering::SeqCst));
}

/// When the window was open, in nanoseconds of CLOCK_MONOTONIC: until now, if the way was stopped in it. `None` if it
/// never opened.
fn window(shared: &Shared) -> Option<(u64, u64)> {
    let begin = Some(shared.begin.load(Ordering::SeqCst)).filter(|&begin| begin != 0)?;
    let end = Some(shared.end.load(Ordering::SeqCst)).filter(|&end| end != 0);
    Some((begin, end.unwrap_or_else(now)))
}

/// How the process of a way ended.
#[derive(Clone, Copy)]
pub(super) enum Ended {
    /// By itself.
    Exited,
    /// By this signal.
    Killed(i32),
    /// Not in time, so that the runner ended it.
    HungUp,
}

/// Has a fresh process make the way, and waits for its end.
///
/// # Errors
/// When there can be no process.
pub(super) fn make(way: &Way, scene: &Scene, patience: i32) -> io::Result<Ended> {
    let child = child::begin(|| {
        scene.leave(become_caller(way).and_then(|()| (way.run)(scene)));
        Ok(())
    })?;
    wait(child, patience)
}

/// Makes the process that of the way's user, in a session of its own.
fn become_caller(way: &Way) -> io::Result<()> {
    // SAFETY: changes this process alone.
    check(unsafe { libc::setsid() })?;
    if way.as_root { Ok(()) } else { become_user() }
}

fn wait(child: libc::pid_t, patience: i32) -> io::Result<Ended> {
    // SAFETY: the descriptor and the status are ours.
    unsafe {
        let pidfd = check(libc::syscall(libc::SYS_pidfd_open, child, 0) as i32)?;
        let mut polled = libc::pollfd { fd: pidfd, events: libc::POLLIN, revents: 0 };
        let ready = check(libc::poll(&mut polled, 1, patience))?;
        libc::close(pidfd);
        if ready == 0 {
            check(libc::kill(child, libc::SIGKILL))?;
        }
        let mut status = 0;
        check(libc::waitpid(child, &mut status, 0))?;
        Ok(match ready {
            0 => Ended::HungUp,
            _ if libc::WIFSIGNALED(status) => Ended::Killed(libc::WTERMSIG(status)),
            _ => Ended::Exited,
        })
    }
}
