//! The processes of a custom way: waiting for all of them, and ending those that it left running.

use std::ffi::c_int;
use std::fs;
use std::io;
use std::time::Duration;

use crate::scene::now;
use crate::sys::check;

/// How long the command may run, in nanoseconds.
pub(super) const PATIENCE: u64 = 5_000_000_000;
/// How long the processes that it leaves may run on.
pub(super) const GRACE: u64 = 500_000_000;
/// How often hookbench looks whether they have ended.
const PAUSE: Duration = Duration::from_millis(1);
/// How often it tries to end them.
const ROUNDS: u32 = 500;

/// From now on this process is the parent of all processes that its descendants leave.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn adopt() -> io::Result<()> {
    // SAFETY: changes this process alone.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }).map(drop)
}

/// Waits until `child` and what it left have ended, or may not run any longer. Returns the status of `child`; `None`
/// if it has not ended. Makes no calls that a policy may be about.
///
/// # Errors
/// When the kernel does not say.
pub(super) fn wait(child: libc::pid_t) -> io::Result<Option<c_int>> {
    let (mut ended, mut latest) = (None, now() + PATIENCE);
    loop {
        match reap()? {
            Reaped::One(process, status) if process == child => {
                (ended, latest) = (Some(status), now() + GRACE);
            }
            Reaped::One(..) => {}
            Reaped::None if now() < latest => std::thread::sleep(PAUSE),
            Reaped::None | Reaped::All => return Ok(ended),
        }
    }
}

/// Ends all processes that are left. Returns how many there were.
///
/// # Errors
/// When some do not end.
pub(super) fn end() -> io::Result<u64> {
    let mut number = 0;
    for _ in 0..ROUNDS {
        match reap()? {
            Reaped::One(..) => number += 1,
            Reaped::All => return Ok(number),
            Reaped::None => {
                for process in children()? {
                    // SAFETY: a signal to a child, which stays one until it is waited for.
                    unsafe { libc::kill(process, libc::SIGKILL) };
                }
                std::thread::sleep(PAUSE);
            }
        }
    }
    Err(io::Error::from_raw_os_error(libc::ETIMEDOUT))
}

enum Reaped {
    /// This child has ended, with this status.
    One(libc::pid_t, c_int),
    /// There are children, and none has ended.
    None,
    /// There are no children.
    All,
}

fn reap() -> io::Result<Reaped> {
    let mut status = 0;
    // SAFETY: `status` is ours to write.
    match check(unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) }) {
        Ok(0) => Ok(Reaped::None),
        Ok(process) => Ok(Reaped::One(process, status)),
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(Reaped::All),
        Err(error) => Err(error),
    }
}

/// The children of this process.
fn children() -> io::Result<Vec<libc::pid_t>> {
    let own = std::process::id().to_string();
    let is_child = |process: &libc::pid_t| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name, in brackets, may have any characters; the state and the parent follow.
        stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)) == Some(&own)
    };
    let entries = fs::read_dir("/proc")?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    Ok(entries.filter(is_child).collect())
}
