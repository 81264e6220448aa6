//! The attacker: a process of higher priority that sleeps until an instant and rewrites the path.

use std::io;
use std::sync::atomic::Ordering;

use hookbench_probes::attach::{die_with_parent, set_fifo};

use super::board::{Board, wait_while};
use crate::sys::check;

/// Above the victim, and above a supervisor.
const PRIORITY: i32 = 60;

/// Starts it. It ends with the calling process.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn start(board: &'static Board) -> io::Result<()> {
    let attacker = fork_helper(|| {
        let mut number = 0;
        loop {
            wait_while(&board.go, number);
            number = board.go.load(Ordering::SeqCst);
            sleep_until(board.at.load(Ordering::SeqCst));
            board.rewrite();
            board.wrote.store(time_stamp(), Ordering::SeqCst);
        }
    })?;
    // It runs at once, and not only when the caller sleeps.
    set_fifo(attacker, PRIORITY)
}

/// Has a process do `work`, which ends with the calling process at the latest. Returns its number.
///
/// # Errors
/// When there can be no process.
pub(in crate::guest) fn fork_helper(work: impl FnOnce() -> io::Result<()>) -> io::Result<libc::pid_t> {
    let parent = std::process::id();
    // SAFETY: the caller has one thread, so the child may do anything. It leaves without running what its parent has
    // to run.
    unsafe {
        let helper = check(libc::fork())?;
        if helper == 0 {
            let code = die_with_parent(parent)
                .and_then(|()| work())
                .map_or_else(|error| error.raw_os_error().unwrap_or(1), |()| 0);
            libc::_exit(code);
        }
        Ok(helper)
    }
}

/// Sleeps until `time`, in nanoseconds of CLOCK_MONOTONIC.
pub(super) fn sleep_until(time: u64) {
    const SECOND: u64 = 1_000_000_000;
    let time = libc::timespec { tv_sec: (time / SECOND) as i64, tv_nsec: (time % SECOND) as i64 };
    // SAFETY: `time` outlives the call; no rest is asked for.
    while unsafe {
        libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &time, std::ptr::null_mut())
    } == libc::EINTR
    {}
}

/// The CPU's time stamp counter. With the exact clock it counts instructions.
pub(in crate::guest) fn time_stamp() -> u64 {
    // SAFETY: every x86-64 CPU has the counter, and the kernel lets programs read it.
    unsafe { core::arch::x86_64::_rdtsc() }
}
