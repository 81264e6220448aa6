//! The processes of an ordinary user: the one that gives the signal, and another one that ran before.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use hookbench_probes::attach::seccomp_filter::{Filter, install};

use super::notes::{Note, Notes};
use super::operation::{Operation, Tries};
use crate::exchange::PROGRAM;
use crate::guest::kept::Kept;
use crate::guest::race::fork_helper;
use crate::react::{CALLERS, Caller};
use crate::scene::USER;
use crate::sys::{become_user, check, path};

/// The name under which this program is executed to give the signal.
pub(in crate::guest) const SIGNALLER: &str = "react/signaller";
/// The signal by which the other process is woken.
const WAKE: libc::c_int = libc::SIGUSR1;
/// How long a caller runs or sleeps before the signal: some ticks of the kernel's clock.
const LONG: Duration = Duration::from_millis(10);

/// What a signaller is told.
pub(super) struct Part<'a> {
    pub(super) caller: Caller,
    pub(super) operation: Operation,
    /// The path of the secret, and of the signaller's own file.
    pub(super) secret: &'a str,
    pub(super) file: &'a str,
    /// Whether a supervisor is asked about its calls.
    pub(super) is_supervised: bool,
    /// The other process, if that tries.
    pub(super) other: Option<libc::pid_t>,
}

/// Starts the signaller from a file of its own.
///
/// # Errors
/// When it cannot be started.
pub(super) fn start_signaller(part: &Part<'_>) -> Result<Kept> {
    fs::copy(PROGRAM, part.file).context("failed to copy the program that deletes itself")?;
    fs::set_permissions(part.file, fs::Permissions::from_mode(0o755))?;
    chown(part.file, Some(USER), Some(USER))?;
    let other = part.other.unwrap_or_default().to_string();
    let supervised = if part.is_supervised { "supervised" } else { "free" };
    let mut command = Command::new(part.file);
    command
        .arg0(part.file)
        .args([SIGNALLER, &part.caller.to_string(), part.operation.word(), part.secret])
        .args([part.file, supervised, &other])
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    // SAFETY: system calls alone, in a process that has one thread.
    unsafe { command.pre_exec(become_user) };
    let started = command.spawn().context("failed to start the program that deletes itself")?;
    Ok(Kept(started.id() as libc::pid_t))
}

/// The signaller: it deletes its own file, and what follows is up to its part. Returns its exit code.
pub(in crate::guest) fn signal(words: &[String]) -> u8 {
    match give_signal(words) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("hookbench-scenarios: the program that deletes itself failed: {error}");
            1
        }
    }
}

fn give_signal(words: &[String]) -> io::Result<()> {
    let [caller, operation, secret, file, supervised, other] = words else {
        return Err(io::Error::other("it has six arguments"));
    };
    let operation = Operation::from_word(operation).ok_or_else(|| io::Error::other("no such operation"))?;
    let other: libc::pid_t = other.parse().map_err(io::Error::other)?;
    let (notes, file) = (Notes::inherited()?, path(file)?);
    let caller = CALLERS.into_iter().find(|known| known.to_string() == *caller);
    let caller = caller.ok_or_else(|| io::Error::other("no such caller"))?;
    let rests = caller == Caller::Resting;
    let mut tries = Tries::new(operation, secret, notes)?;
    if supervised == "supervised" {
        be_supervised(notes)?;
    }
    match caller {
        Caller::Busy => run_for(LONG),
        _ => std::thread::sleep(LONG),
    }
    notes.stamp(Note::Begin);
    // SAFETY: the path outlives the call.
    let deleted = unsafe { libc::unlink(file.as_ptr()) };
    notes.stamp(Note::Returned);
    check(deleted)?;
    if other == 0 {
        tries.until_refused(notes, rests);
        return Ok(());
    }
    wake(other)?;
    loop {
        // SAFETY: waits for a signal.
        unsafe { libc::pause() };
    }
}

/// Runs for this time.
fn run_for(time: Duration) {
    let begin = Instant::now();
    while begin.elapsed() < time {}
}

/// Wakes the other process.
///
/// # Errors
/// When it has ended.
pub(super) fn wake(other: libc::pid_t) -> io::Result<()> {
    // SAFETY: a signal, to a process that waits for it.
    check(unsafe { libc::kill(other, WAKE) }).map(drop)
}

/// Has a supervisor asked about deleting and opening.
fn be_supervised(notes: Notes) -> io::Result<()> {
    let numbers = [libc::SYS_unlink, libc::SYS_openat].map(|number| number as u32).to_vec();
    let filter = Filter { numbers, action: libc::SECCOMP_RET_USER_NOTIF, reads_argument: false, padding: 0 };
    // SAFETY: takes numbers alone.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
    let listener = install(&filter.program()?, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER)?;
    notes.set(Note::Signaller, std::process::id().into());
    notes.set(Note::Listener, listener as u64 + 1);
    Ok(())
}

/// Has this process, and those that it starts, sleep until they take the signal that wakes the other process.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn block_wake() -> io::Result<()> {
    // SAFETY: a set of signals, which the calls fill in and read.
    unsafe {
        let set = wake_set();
        check(libc::sigprocmask(libc::SIG_BLOCK, &set, std::ptr::null_mut())).map(drop)
    }
}

fn wake_set() -> libc::sigset_t {
    // SAFETY: the calls fill the set in.
    unsafe {
        let mut set = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, WAKE);
        set
    }
}

/// Starts the other process, which waits until it is woken and then tries.
///
/// # Errors
/// When it cannot be started.
pub(super) fn start_other(notes: Notes, operation: Operation, secret: &str) -> io::Result<Kept> {
    let other = fork_helper(|| {
        become_user()?;
        let mut tries = Tries::new(operation, secret, notes)?;
        let mut taken = 0;
        // SAFETY: the signal is blocked; both are ours.
        unsafe { libc::sigwait(&wake_set(), &mut taken) };
        tries.until_refused(notes, false);
        Ok(())
    })?;
    Ok(Kept(other))
}
