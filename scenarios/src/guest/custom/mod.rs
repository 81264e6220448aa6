//! A custom way: a command that the user supplied. Its window opens where the program's own code begins, or with its
//! exec if the user wants that, and closes when the way's processes have ended. How its effect is looked at is in
//! `effect.rs`.

use std::ffi::{CString, c_int};
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Result, anyhow};

use super::policies::Attached;
use super::trial;
use crate::child;
use crate::confine::Confine;
use crate::exchange::{CustomWay, CustomWindow, Tries};
use crate::policy::Policy;
use crate::scenario::{Scenario, Way};
use crate::scene::{SHARED_FD, Scene, Shared};
use crate::sys::{become_uid, check};

mod effect;
mod notes;
mod own_code;
mod rest;
mod start;
mod tracee;

pub(super) use effect::is_there_already;

/// Above all ordinary processes: the runner opens the window before the program's next instruction.
const PRIORITY: i32 = 50;
/// Where programs are found by name.
const SEARCH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long the process that runs the way may take, in milliseconds of the guest's time: it ends the way before.
const PATIENCE: i32 = 10_000;

/// The custom way of this guest. Ways are plain functions, which cannot carry it.
static CUSTOM: OnceLock<CustomWay> = OnceLock::new();

/// What the process that runs the way leaves for the runner, in the memory that they share.
#[derive(Debug, Clone, Copy)]
enum Left {
    /// The exit code of the command and 1; 0 before it has ended.
    Exit,
    /// How many processes it left running.
    Processes,
    /// 1 if it did not end by itself.
    HungUp,
    /// How it started: a [`start::Start`] and 1.
    Start,
    /// Its status and 1, if it ended before its own code began.
    EndedEarly,
}

impl Left {
    fn of(self, shared: &Shared) -> &AtomicU64 {
        &shared.values[self as usize]
    }
}

/// Tries `custom`, then takes the policy away and looks at the effect: a check that the user supplied is not what the
/// policy is for.
///
/// # Errors
/// When the runner itself fails.
pub(super) fn run(
    custom: &CustomWay,
    scenario: &Scenario,
    scene: &Scene,
    policy: &Policy,
    mut attached: Box<dyn Attached>,
) -> Result<Tries> {
    let name: &'static str = custom.name.clone().leak();
    CUSTOM.set(custom.clone()).map_err(|_| anyhow!("a guest has one custom way"))?;
    // The runner's child stays root, and its child becomes the user.
    let way = Way { as_root: true, ..Way::ordinary(name, "a custom way", make) };
    let tries = trial::attempt(&way, scenario, scene, &mut *attached, PATIENCE)?;
    drop(attached);
    let looked = effect::is_there(custom, scene.shared);
    Ok(notes::add(custom, policy.mechanism, scene.shared, trial::with_effect(tries, looked)))
}

/// Runs the way and waits for its end, in the runner's child.
fn make(scene: &Scene) -> io::Result<()> {
    let custom = CUSTOM.get().ok_or_else(|| io::Error::other("there is no custom way"))?;
    effect::remove(&custom.effect);
    rest::adopt()?;
    run_before_others()?;
    let child = child::begin(|| {
        let result = execute(custom, scene);
        scene.leave(result);
        Err(io::Error::from_raw_os_error(libc::ENOEXEC))
    })?;
    if custom.window == CustomWindow::Entry && !opens_at_own_code(custom, scene, child)? {
        return Ok(());
    }
    let status = rest::wait(child)?;
    scene.end();
    let left = rest::end();
    let hung_up = status.is_none() || left.is_err();
    Left::HungUp.of(scene.shared).store(hung_up.into(), Ordering::SeqCst);
    // The command itself is not one that it left.
    let left = left.unwrap_or_default().saturating_sub(status.is_none().into());
    Left::Processes.of(scene.shared).store(left, Ordering::SeqCst);
    status.map_or(Ok(()), |status| end_as(status, scene.shared))
}

/// Lets the program run until its own code begins, confines it there, and opens the window. Returns whether it came
/// that far.
fn opens_at_own_code(custom: &CustomWay, scene: &Scene, child: libc::pid_t) -> io::Result<bool> {
    let calls = match &scene.confine {
        Some(Confine::Calls(confine)) => Some(confine),
        _ => None,
    };
    let start = start::to_own_code(child, custom.user, |tracee| calls.map_or(Ok(()), |calls| calls(tracee)))?;
    let start = match start {
        Ok(start) => start,
        Err(status) => {
            Left::EndedEarly.of(scene.shared).store(status as u64 + 1, Ordering::SeqCst);
            return Ok(false);
        }
    };
    scene.open();
    Left::Start.of(scene.shared).store(start as u64 + 1, Ordering::SeqCst);
    Ok(true)
}

/// Ends this process as the way ended, if a signal ended it; else leaves its exit code.
fn end_as(status: c_int, shared: &Shared) -> io::Result<()> {
    if libc::WIFSIGNALED(status) {
        // SAFETY: ends this process as its child ended.
        unsafe {
            libc::signal(libc::WTERMSIG(status), libc::SIG_DFL);
            libc::kill(libc::getpid(), libc::WTERMSIG(status));
        }
    }
    // The exit code of a program that was not executed is not the way's.
    if shared.errno.load(Ordering::SeqCst) == 0 {
        Left::Exit.of(shared).store(libc::WEXITSTATUS(status) as u64 + 1, Ordering::SeqCst);
    }
    Ok(())
}

/// Becomes the user and executes the program. Comes back only if that fails.
fn execute(custom: &CustomWay, scene: &Scene) -> io::Result<()> {
    standard_streams()?;
    std::env::set_current_dir(&custom.folder)?;
    if custom.window == CustomWindow::Entry {
        // Before it is an ordinary user's process: a policy may be about those.
        tracee::trace_me()?;
    }
    if custom.user != 0 {
        become_uid(custom.user)?;
    }
    // SAFETY: changes this process alone: it ends with its parent.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) })?;
    let words: Vec<CString> =
        custom.words.iter().map(|word| CString::new(word.as_str())).collect::<Result<_, _>>()?;
    let mut arguments: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
    arguments.push(std::ptr::null());
    let search = CString::new(SEARCH)?;
    let environment = [search.as_ptr(), std::ptr::null()];
    let program = CString::new(custom.program.as_str())?;
    match (custom.window, &scene.confine) {
        (CustomWindow::Exec, _) => scene.begin()?,
        (CustomWindow::Entry, Some(Confine::Itself(confine))) => confine()?,
        (CustomWindow::Entry, _) => {}
    }
    // SAFETY: all pointers are to strings that end with NUL, and to arrays that end with a null pointer.
    check(unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) }).map(drop)
}

/// The runner's own streams carry the order and the answer: the command gets nothing, and writes to the console. Nor
/// does it get the memory in which verdicts are made.
fn standard_streams() -> io::Result<()> {
    let nothing = fs::File::open("/dev/null")?;
    // SAFETY: plain system calls on open descriptors.
    unsafe {
        check(libc::dup2(nothing.as_raw_fd(), 0))?;
        check(libc::dup2(2, 1))?;
        check(libc::fcntl(SHARED_FD, libc::F_SETFD, libc::FD_CLOEXEC)).map(drop)
    }
}

/// From now on no ordinary process runs while this one can; its children are ordinary.
fn run_before_others() -> io::Result<()> {
    let priority = libc::sched_param { sched_priority: PRIORITY };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: reads `priority`.
    check(unsafe { libc::sched_setscheduler(0, policy, &priority) }).map(drop)
}
