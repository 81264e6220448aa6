//! System calls on processes that several parts of the agent make: scheduling, affinity, and ending a child.
//! What the processes do is not known here.

use std::ffi::c_int;
use std::io;

/// A real-time priority above that of the worker and its readers.
const ABOVE_ALL: i32 = 98;

/// Gives the agent priority over everything that it starts from here on, so nothing keeps it from ending a
/// cell. The processes that it starts are ordinary again.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn come_first() -> io::Result<()> {
    let param = libc::sched_param { sched_priority: ABOVE_ALL };
    // SAFETY: `param` is valid for the call.
    check(unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &param) })
}

/// Keeps this process, and those that it starts, on `cpu`.
///
/// # Errors
/// When the kernel refuses: there may be no such CPU.
pub(crate) fn stay_on(cpu: u32) -> io::Result<()> {
    // SAFETY: a set of bits, for which zero is valid; both calls get it whole.
    check(unsafe {
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu as usize, &mut one);
        libc::sched_setaffinity(0, size_of_val(&one), &one)
    })
}

/// Makes a stopped child of this process continue.
///
/// # Errors
/// When there is no such process.
pub(crate) fn resume(pid: libc::pid_t) -> io::Result<()> {
    // SAFETY: sends a signal to a child that has not been waited for.
    check(unsafe { libc::kill(pid, libc::SIGCONT) })
}

/// Kills a child of this process, running or stopped, and waits until it has ended.
///
/// # Errors
/// When `pid` is no child of this process.
pub(crate) fn end(pid: libc::pid_t) -> io::Result<()> {
    let mut status: c_int = 0;
    // SAFETY: `status` is ours to write.
    let ended = unsafe { libc::kill(pid, libc::SIGKILL) == 0 && libc::waitpid(pid, &mut status, 0) == pid };
    if ended { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn check(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
