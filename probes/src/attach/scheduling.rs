//! Priorities of the worker and of readers, and processes that end with their parent.

use std::ffi::c_int;
use std::io;

/// The priority of readers in user space, and of the kernel threads that feed them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReaderPriority {
    /// Below the worker: they run when it sleeps.
    Below,
    /// Above it: they run as soon as they are woken.
    Above,
}

/// The worker's real-time priority; readers above it have more.
pub const WORKER_PRIORITY: c_int = 50;
const READER_PRIORITY: c_int = 60;

impl ReaderPriority {
    /// Gives the task `pid` (0: the caller) this priority.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn apply_to(self, pid: libc::pid_t) -> io::Result<()> {
        match self {
            ReaderPriority::Below => Ok(()),
            ReaderPriority::Above => set_fifo(pid, READER_PRIORITY),
        }
    }
}

/// Makes the task `pid` (0: the caller) a `SCHED_FIFO` task.
///
/// # Errors
/// When the kernel refuses.
pub fn set_fifo(pid: libc::pid_t, priority: c_int) -> io::Result<()> {
    set_scheduler(pid, libc::SCHED_FIFO, priority)
}

/// Makes the task `pid` an ordinary one again.
///
/// # Errors
/// When the kernel refuses.
pub fn set_ordinary(pid: libc::pid_t) -> io::Result<()> {
    set_scheduler(pid, libc::SCHED_OTHER, 0)
}

fn set_scheduler(pid: libc::pid_t, policy: c_int, priority: c_int) -> io::Result<()> {
    let param = libc::sched_param { sched_priority: priority };
    // SAFETY: `param` is valid for the call.
    match unsafe { libc::sched_setscheduler(pid, policy, &param) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Has the kernel kill this process when `parent`, which started it, ends. A host
/// outlives both.
///
/// # Errors
/// When the kernel refuses, or the parent has ended already.
pub fn die_with_parent(parent: u32) -> io::Result<()> {
    // SAFETY: passes a signal number only.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
        return Err(io::Error::last_os_error());
    }
    if std::os::unix::process::parent_id() != parent {
        return Err(io::Error::other("the process that started this one has ended"));
    }
    Ok(())
}
