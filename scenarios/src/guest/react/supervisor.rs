//! The supervisor of a seccomp filter: it is asked about the signal and about each operation, and refuses those that
//! come after the signal.

use std::io;
use std::time::Duration;

use anyhow::{Context, Result};

use super::notes::{Note, Notes};
use crate::guest::kept::Kept;
use crate::guest::notify::{ioctl, poll, take};
use crate::guest::race::fork_helper;

/// How long it sleeps before it looks for a process with a filter again.
const REST: Duration = Duration::from_micros(100);

/// Starts it.
///
/// # Errors
/// When it cannot be started.
pub(super) fn start(notes: Notes) -> Result<Kept> {
    let supervisor = fork_helper(|| {
        loop {
            serve(notes)?;
        }
    });
    Ok(Kept(supervisor.context("failed to start the supervisor")?))
}

/// Waits for a process with a filter, and answers until it has ended.
fn serve(notes: Notes) -> io::Result<()> {
    while notes.get(Note::Listener) == 0 {
        std::thread::sleep(REST);
    }
    let process = notes.get(Note::Signaller) as libc::pid_t;
    let listener = take(process, notes.get(Note::Listener) as u32 - 1)?;
    notes.set(Note::Listener, 0);
    loop {
        let happened = poll(&listener, -1)?;
        if happened & libc::POLLIN == 0 {
            return Ok(());
        }
        // SAFETY: plain numbers; the kernel wants them to be zero.
        let mut notification: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        if ioctl(&listener, libc::SECCOMP_IOCTL_NOTIF_RECV, &mut notification).is_err() {
            continue;
        }
        let mut answer = libc::seccomp_notif_resp { id: notification.id, val: 0, error: 0, flags: 0 };
        if i64::from(notification.data.nr) == libc::SYS_unlink {
            notes.stamp(Note::Read);
            answer.flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
        } else {
            answer.error = -libc::EPERM;
        }
        // An error means that the process has ended.
        let _ = ioctl(&listener, libc::SECCOMP_IOCTL_NOTIF_SEND, &mut answer);
    }
}
