//! A seccomp filter that notifies, and its supervisor: it reads the path in the caller's memory, and then lets the
//! call continue, refuses it, or makes it itself.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};
use hookbench_probes::attach::seccomp_filter::{Filter, install};
use hookbench_probes::attach::set_fifo;

use super::super::attacker::fork_helper;
use super::super::board::{Board, wait_while, wake};
use super::Watch;
use crate::guest::notify::{ioctl, poll, take};
use crate::race::{Opened, RacedCall, Watcher, named};
use crate::sys::check;

/// Between the victim and the attacker.
const PRIORITY: i32 = 50;

/// A supervisor that waits for the victim.
pub(super) struct Notify {
    board: &'static Board,
    call: RacedCall,
    refuses: bool,
}

/// Starts the supervisor.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn attach(watcher: Watcher, call: RacedCall, board: &'static Board) -> Result<Notify> {
    let supervisor =
        fork_helper(|| supervise(watcher, call, board)).context("failed to start the supervisor")?;
    set_fifo(supervisor, PRIORITY).context("failed to set the supervisor's priority")?;
    Ok(Notify { board, call, refuses: watcher == Watcher::NotifyDeny })
}

impl Watch for Notify {
    fn confine(&self) -> Result<()> {
        let filter = Filter {
            numbers: vec![self.call.number() as u32],
            action: libc::SECCOMP_RET_USER_NOTIF,
            reads_argument: false,
            padding: 0,
        };
        // SAFETY: takes numbers alone.
        check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) })?;
        let listener = install(&filter.program()?, libc::SECCOMP_FILTER_FLAG_NEW_LISTENER)
            .context("failed to install the filter")?;
        self.board.victim.store(std::process::id() as i32, Ordering::SeqCst);
        self.board.listener.store(listener as u32 + 1, Ordering::SeqCst);
        wake(&self.board.listener);
        Ok(())
    }

    fn arm(&self) -> Result<()> {
        self.board.records.store(0, Ordering::SeqCst);
        Ok(())
    }

    fn record(&self) -> Result<Option<String>> {
        Ok((self.board.records.load(Ordering::SeqCst) > 0).then(|| self.board.record()))
    }

    fn may_refuse(&self) -> bool {
        self.refuses
    }
}

/// Takes the victim's listener, and answers for ever.
fn supervise(watcher: Watcher, call: RacedCall, board: &'static Board) -> io::Result<()> {
    wait_while(&board.listener, 0);
    let listener = take(board.victim.load(Ordering::SeqCst), board.listener.load(Ordering::SeqCst) - 1)?;
    loop {
        // SAFETY: plain numbers; the kernel wants them to be zero.
        let mut notification: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        if ioctl(&listener, libc::SECCOMP_IOCTL_NOTIF_RECV, &mut notification).is_err() {
            // Since 6.12 the kernel does not wait when all processes with the filter have ended: a supervisor that
            // asked again would keep the last of them from ending.
            if poll(&listener, 0)? & libc::POLLHUP != 0 {
                return Ok(());
            }
            continue;
        }
        let argument = if call == RacedCall::Execve { 0 } else { 1 };
        let path = read_path(notification.pid, notification.data.args[argument]);
        board.set_record(&path);
        let mut answer = libc::seccomp_notif_resp { id: notification.id, val: 0, error: 0, flags: 0 };
        match watcher {
            Watcher::NotifyAddfd => match give(&listener, notification.id, &path) {
                Ok(descriptor) => answer.val = descriptor.into(),
                Err(error) => answer.error = -error.raw_os_error().unwrap_or(libc::EIO),
            },
            Watcher::NotifyDeny if named(&String::from_utf8_lossy(&path)) == Some(Opened::Evil) => {
                answer.error = -libc::EPERM;
            }
            _ => answer.flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32,
        }
        let _ = ioctl(&listener, libc::SECCOMP_IOCTL_NOTIF_SEND, &mut answer);
    }
}

/// The path at `address` of a process; empty if its page is not there.
fn read_path(process: u32, address: u64) -> Vec<u8> {
    let mut bytes = [0; 64];
    let read = File::open(format!("/proc/{process}/mem")).and_then(|file| file.read_at(&mut bytes, address));
    let read = read.unwrap_or(0);
    bytes[..read].split(|&byte| byte == 0).next().unwrap_or_default().to_vec()
}

/// Opens `path` and gives the caller the descriptor. Returns its number there.
fn give(listener: &OwnedFd, id: u64, path: &[u8]) -> io::Result<i32> {
    let path = CString::new(path)?;
    // SAFETY: the string outlives the call; the new descriptor is owned at once.
    let file = unsafe { OwnedFd::from_raw_fd(check(libc::open(path.as_ptr(), libc::O_RDONLY))?) };
    let mut gift =
        libc::seccomp_notif_addfd { id, flags: 0, srcfd: file.as_raw_fd() as u32, newfd: 0, newfd_flags: 0 };
    ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_ADDFD, &mut gift)
}
