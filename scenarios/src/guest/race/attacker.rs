//! The attacker: a process of higher priority that sleeps until an instant and rewrites the path.

use std::io;
use std::sync::atomic::Ordering;

use hookbench_probes::attach::set_fifo;

use super::board::{Board, wait_while};
use crate::sys::check;

/// Above the victim, and above a supervisor.
const PRIORITY: i32 = 60;

/// Starts it. It ends with the calling process.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn start(board: &'static Board) -> io::Result<()> {
    fork_helper(|| {
        set_fifo(0, PRIORITY)?;
        let mut number = 0;
        loop {
            wait_while(&board.go, number);
            number = board.go.load(Ordering::SeqCst);
            sleep_until(board.at.load(Ordering::SeqCst));
            board.rewrite();
            board.wrote.store(time_stamp(), Ordering::SeqCst);
        }
    })
}

/// Has a process do `work`, which ends with the calling process at the latest.
///
/// # Errors
/// When there can be no process.
pub(super) fn fork_helper(work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    // SAFETY: the caller has one thread, so the child may do anything. It leaves without running what its parent has
    // to run.
    unsafe {
        if check(libc::fork())? == 0 {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            let code = work().map_or_else(|error| error.raw_os_error().unwrap_or(1), |()| 0);
            libc::_exit(code);
        }
    }
    Ok(())
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
pub(super) fn time_stamp() -> u64 {
    // SAFETY: every x86-64 CPU has the counter, and the kernel lets programs read it.
    unsafe { core::arch::x86_64::_rdtsc() }
}
