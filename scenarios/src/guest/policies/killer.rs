//! The killer: a process that is the audit daemon, reads the records, and kills whoever made the call. It has an
//! ordinary priority, as a daemon has.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result};

use crate::guest::audit::{Events, Link};
use crate::guest::kept::Kept;
use crate::sys::check;

/// Starts a killer for the records with the key `key`. It starts before audit is on, so that it makes no records.
///
/// # Errors
/// When it cannot be started.
pub(super) fn start(key: &'static str) -> Result<Kept> {
    let (mut ours, theirs) = UnixStream::pair().context("failed to make a socket")?;
    // SAFETY: the runner has one thread, so the child may do anything.
    let child = check(unsafe { libc::fork() }).context("failed to fork")?;
    if child == 0 {
        drop(ours);
        let result = kill_callers(key, theirs);
        eprintln!("hookbench-scenarios: the killer ended: {result:?}");
        // SAFETY: leaves without running what the runner has to run.
        unsafe { libc::_exit(1) };
    }
    let killer = Kept(child);
    drop(theirs);
    ours.read_exact(&mut [0]).context("the killer did not become the audit daemon")?;
    Ok(killer)
}

/// Becomes the daemon, says so, and kills.
fn kill_callers(key: &str, mut ready: UnixStream) -> Result<()> {
    // SAFETY: concerns this process alone.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    let link = Link::open()?;
    link.become_daemon()?;
    ready.write_all(&[1])?;
    let mut events = Events::default();
    loop {
        let (kind, text) = link.wait()?;
        if Events::is_end(kind) {
            events = Events::default();
        }
        if let Some(process) = events.take(kind, &text, key).filter(|process| *process > 1) {
            // SAFETY: a signal. An error means that the process has ended.
            unsafe { libc::kill(process as libc::pid_t, libc::SIGKILL) };
        }
    }
}
