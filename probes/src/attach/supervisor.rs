//! A supervisor: a reader that a seccomp filter notifies, and that lets each system
//! call go on. The filter is the worker's; the supervisor takes the listener out of
//! it, so that the worker keeps no descriptor that an execve would copy.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use hookbench_model::Behaviour;

use super::Readers;
use super::reader::{Counts, Reader, shared};

/// Where the worker leaves word of its listener.
#[repr(C)]
struct Handover {
    /// One of the states below; a futex.
    state: AtomicU32,
    pid: AtomicI32,
    descriptor: AtomicI32,
}

const NOTHING: u32 = 0;
const OFFERED: u32 = 1;
const TAKEN: u32 = 2;

/// How long the supervisor may take to fetch the listener, in seconds.
const PATIENCE: libc::time_t = 10;

/// A running supervisor; dropping it ends the process.
pub struct Supervisor {
    reader: Reader,
    handover: &'static Handover,
}

impl Supervisor {
    /// Starts it; it waits for a listener.
    ///
    /// # Errors
    /// As [`Reader::start`].
    pub fn start(readers: Readers) -> Result<Supervisor> {
        // SAFETY: its fields are all atomics for which zero is valid.
        let handover: &Handover = unsafe { shared() }.context("failed to map memory for the listener")?;
        let reader = Reader::start(readers, |counts| supervise(counts, handover))?;
        Ok(Supervisor { reader, handover })
    }

    /// Hands over the listener of the calling process, which does not keep it.
    ///
    /// # Errors
    /// When it is not fetched.
    pub fn hand_over(&self, listener: OwnedFd) -> Result<()> {
        let handover = self.handover;
        handover.pid.store(std::process::id() as i32, Ordering::SeqCst);
        handover.descriptor.store(listener.as_raw_fd(), Ordering::SeqCst);
        handover.leave(OFFERED);
        handover.wait_while(OFFERED, Some(PATIENCE)).context("the supervisor did not take the listener")
    }

    /// As [`Reader::counted`].
    ///
    /// # Errors
    /// As [`Reader::counted`].
    pub fn counted(&self, index: usize) -> Result<(u64, u64)> {
        self.reader.counted(index)
    }
}

impl Handover {
    fn leave(&self, state: u32) {
        self.state.store(state, Ordering::SeqCst);
        // SAFETY: wakes whoever sleeps on a futex in a mapping that stays.
        unsafe { libc::syscall(libc::SYS_futex, self.state.as_ptr(), libc::FUTEX_WAKE, 1) };
    }

    /// Sleeps until `state` is left, for so many seconds or for ever.
    fn wait_while(&self, state: u32, seconds: Option<libc::time_t>) -> io::Result<()> {
        let limit = seconds.map(|tv_sec| libc::timespec { tv_sec, tv_nsec: 0 });
        let limit = limit.as_ref().map_or(ptr::null(), ptr::from_ref);
        while self.state.load(Ordering::SeqCst) == state {
            // SAFETY: the futex is in a mapping that stays; `limit` is null or valid.
            let result = unsafe {
                libc::syscall(libc::SYS_futex, self.state.as_ptr(), libc::FUTEX_WAIT, state, limit)
            };
            let error = io::Error::last_os_error();
            if result < 0 && error.raw_os_error() == Some(libc::ETIMEDOUT) {
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Fetches the listener and answers for ever.
fn supervise(counts: &Counts, handover: &Handover) -> Result<()> {
    counts.ready();
    handover.wait_while(NOTHING, None)?;
    let pid = handover.pid.load(Ordering::SeqCst);
    let listener = fetch(pid, handover.descriptor.load(Ordering::SeqCst))
        .context("failed to take the listener out of the worker")?;
    handover.leave(TAKEN);
    loop {
        let Some((id, number)) = next(&listener)? else { continue };
        match Behaviour::of_syscall(number) {
            Some(behaviour) => counts.event(behaviour.index()),
            None => counts.wrong(),
        }
        go_on(&listener, id)?;
    }
}

/// A copy of another process's descriptor.
fn fetch(pid: libc::pid_t, descriptor: i32) -> io::Result<OwnedFd> {
    let owned = |result| match result {
        ..0 => Err(io::Error::last_os_error()),
        // SAFETY: a new descriptor that nobody else knows.
        new => Ok(unsafe { OwnedFd::from_raw_fd(new as i32) }),
    };
    // SAFETY: takes numbers alone.
    let process = owned(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: as above.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), descriptor, 0) })
}

/// Waits for the next system call: its notification and its number. `None` when
/// whoever made it is gone.
fn next(listener: &OwnedFd) -> Result<Option<(u64, u32)>> {
    // SAFETY: plain numbers; the kernel wants them to be zero.
    let mut notification: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    match ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_RECV, &mut notification) {
        Ok(()) => Ok(Some((notification.id, notification.data.nr as u32))),
        Err(error) if gone(&error) => Ok(None),
        Err(error) => bail!("failed to hear of a system call: {error}"),
    }
}

/// Lets the system call go on as if nothing had been.
fn go_on(listener: &OwnedFd, id: u64) -> Result<()> {
    let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
    let mut answer = libc::seccomp_notif_resp { id, val: 0, error: 0, flags };
    match ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_SEND, &mut answer) {
        Err(error) if !gone(&error) => bail!("failed to let a system call go on: {error}"),
        _ => Ok(()),
    }
}

fn gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR))
}

fn ioctl<T>(listener: &OwnedFd, request: libc::Ioctl, argument: &mut T) -> io::Result<()> {
    // SAFETY: the request's number tells the kernel the size of a `T`.
    if unsafe { libc::ioctl(listener.as_raw_fd(), request, ptr::from_mut(argument)) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
