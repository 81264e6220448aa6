//! A supervisor: a reader that a seccomp filter notifies, and that allows each system
//! call. The filter is the worker's. The supervisor takes the listener from the worker,
//! which would otherwise keep a descriptor that each execve copies.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use hookbench_model::Behaviour;

use super::reader::{Reader, ReaderCount, SharedCounts, map_shared};
use super::scheduling::ReaderPriority;

/// Where the worker offers its listener.
#[repr(C)]
struct Handover {
    /// One of the states below; a futex.
    state: AtomicU32,
    pid: AtomicI32,
    descriptor: AtomicI32,
}

const EMPTY: u32 = 0;
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
    /// Starts it for the system calls of `behaviour`; it waits for a listener.
    ///
    /// # Errors
    /// As [`Reader::start`].
    pub fn start(priority: ReaderPriority, behaviour: &Behaviour) -> Result<Supervisor> {
        // SAFETY: its fields are all atomics for which zero is valid.
        let handover: &Handover = unsafe { map_shared() }.context("failed to map memory for the listener")?;
        let reader = Reader::start(priority, |counts| supervise(counts, handover, behaviour))?;
        Ok(Supervisor { reader, handover })
    }

    /// Hands the listener of the calling process over and closes it there.
    ///
    /// # Errors
    /// When the supervisor does not fetch it.
    pub fn hand_over(&self, listener: OwnedFd) -> Result<()> {
        let handover = self.handover;
        handover.pid.store(std::process::id() as i32, Ordering::SeqCst);
        handover.descriptor.store(listener.as_raw_fd(), Ordering::SeqCst);
        handover.set(OFFERED);
        handover.wait_while(OFFERED, Some(PATIENCE)).context("the supervisor did not take the listener")
    }

    /// As [`Reader::counted`].
    ///
    /// # Errors
    /// As [`Reader::counted`].
    pub fn counted(&self) -> Result<ReaderCount> {
        self.reader.counted()
    }
}

impl Handover {
    fn set(&self, state: u32) {
        self.state.store(state, Ordering::SeqCst);
        // SAFETY: wakes the sleepers on a futex in a mapping that stays.
        unsafe { libc::syscall(libc::SYS_futex, self.state.as_ptr(), libc::FUTEX_WAKE, 1) };
    }

    /// Sleeps until the state is no longer `state`, for `seconds` or for ever.
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
fn supervise(counts: &SharedCounts, handover: &Handover, behaviour: &Behaviour) -> Result<()> {
    counts.ready();
    handover.wait_while(EMPTY, None)?;
    let pid = handover.pid.load(Ordering::SeqCst);
    let listener = fetch_descriptor(pid, handover.descriptor.load(Ordering::SeqCst))
        .context("failed to take the listener from the worker")?;
    handover.set(TAKEN);
    loop {
        let Some((id, number)) = next_call(&listener)? else { continue };
        if behaviour.has_syscall(number) {
            counts.event()
        } else {
            counts.wrong()
        }
        allow_call(&listener, id)?;
    }
}

/// A copy of another process's descriptor.
///
/// # Errors
/// When the process or the descriptor is gone, or the kernel refuses.
pub(super) fn fetch_descriptor(pid: libc::pid_t, descriptor: i32) -> io::Result<OwnedFd> {
    let owned = |result| match result {
        ..0 => Err(io::Error::last_os_error()),
        // SAFETY: the kernel has just made this descriptor, and nothing else owns it.
        new => Ok(unsafe { OwnedFd::from_raw_fd(new as i32) }),
    };
    // SAFETY: takes numbers alone.
    let process = owned(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
    // SAFETY: as above.
    owned(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), descriptor, 0) })
}

/// Waits for the next system call and returns its notification and its number; `None`
/// when its caller is gone.
fn next_call(listener: &OwnedFd) -> Result<Option<(u64, u32)>> {
    // SAFETY: plain numbers; the kernel wants them to be zero.
    let mut notification: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    match ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_RECV, &mut notification) {
        Ok(()) => Ok(Some((notification.id, notification.data.nr as u32))),
        Err(error) if caller_is_gone(&error) => Ok(None),
        Err(error) => bail!("failed to receive the notification of a system call: {error}"),
    }
}

/// Allows the system call.
fn allow_call(listener: &OwnedFd, id: u64) -> Result<()> {
    let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
    let mut answer = libc::seccomp_notif_resp { id, val: 0, error: 0, flags };
    match ioctl(listener, libc::SECCOMP_IOCTL_NOTIF_SEND, &mut answer) {
        Err(error) if !caller_is_gone(&error) => bail!("failed to allow a system call: {error}"),
        _ => Ok(()),
    }
}

fn caller_is_gone(error: &io::Error) -> bool {
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
