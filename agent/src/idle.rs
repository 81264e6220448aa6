//! Keeps the CPU busy, and says when it had nothing better to do.
//!
//! TCG's clock jumps over idle time, and QEMU decides in a thread of its own
//! when the CPU is idle: on a loaded host it may decide before the last
//! instructions have been counted, and time then runs ahead by those. So a
//! process of the lowest priority spins whenever nothing else runs. Idle time
//! is made of instructions like all other, and no clock jumps.

use std::arch::asm;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::cpus;

/// What the spinner shares with those who ask it.
#[repr(C)]
struct Page {
    /// Goes up whenever the CPU has nothing better to do.
    count: AtomicU64,
    /// How many rounds of it a task still waits for; a futex.
    rest: AtomicU32,
}

/// A running spinner; it ends with the guest, or before.
#[derive(Clone, Copy)]
pub(crate) struct Spinner {
    page: &'static Page,
    pid: libc::pid_t,
}

/// So many rounds has a CPU to itself before it gives way to others.
const TURN: u64 = 64;

impl Spinner {
    /// Starts it, for a guest with one CPU.
    pub(crate) fn start() -> io::Result<Spinner> {
        Spinner::with(spin::<false>)
    }

    /// Starts one that lets other CPUs run now and then.
    pub(crate) fn in_turns() -> io::Result<Spinner> {
        Spinner::with(spin::<true>)
    }

    fn with(spin: fn(&Page) -> !) -> io::Result<Spinner> {
        // SAFETY: an anonymous shared mapping, zeroed, for a structure whose
        // fields are atomics for which zero is valid; never unmapped, for it
        // ends with the guest.
        let page: &'static Page = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
            let page = libc::mmap(ptr::null_mut(), size_of::<Page>(), protection, flags, -1, 0);
            if page == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            &*page.cast()
        };
        // SAFETY: the agent has one thread; the child only spins.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => spin(page),
            pid => Ok(Spinner { page, pid }),
        }
    }

    /// Ends it.
    pub(crate) fn end(self) -> io::Result<()> {
        cpus::end(self.pid)
    }

    /// Changes whenever the CPU would have been idle.
    pub(crate) fn count(self) -> u64 {
        self.page.count.load(Ordering::Relaxed)
    }

    /// Sleeps until the CPU has had nothing else to do for so many rounds: all
    /// others have then done what they were woken for. No timer is needed, each
    /// of which would cost QEMU more than the rounds do.
    pub(crate) fn rest(self, rounds: u32) {
        let rest = &self.page.rest;
        rest.store(rounds, Ordering::SeqCst);
        loop {
            let left = rest.load(Ordering::SeqCst);
            if left == 0 {
                return;
            }
            // SAFETY: the futex is in a mapping that stays; no time limit is given.
            unsafe { libc::syscall(libc::SYS_futex, rest.as_ptr(), libc::FUTEX_WAIT, left, 0usize) };
        }
    }
}

fn spin<const TURNS: bool>(page: &Page) -> ! {
    let param = libc::sched_param { sched_priority: 0 };
    // Outside of a guest, in tests, it has to end with who started it.
    // SAFETY: asks for a signal; `param` is valid for the call.
    let placed = unsafe {
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) == 0
            && libc::sched_setscheduler(0, libc::SCHED_IDLE, &param) == 0
    };
    if !placed {
        // SAFETY: leaves without running the agent's destructors.
        unsafe { libc::_exit(1) }
    }
    let mut count = 0u64;
    loop {
        count += 1;
        page.count.store(count, Ordering::Relaxed);
        nops();
        if TURNS && count.is_multiple_of(TURN) {
            cpus::give_way();
        }
        let left = page.rest.load(Ordering::SeqCst);
        if left > 0 {
            page.rest.store(left - 1, Ordering::SeqCst);
        }
        if left == 1 {
            // SAFETY: wakes whoever sleeps on a futex in a mapping that stays.
            unsafe { libc::syscall(libc::SYS_futex, page.rest.as_ptr(), libc::FUTEX_WAKE, 1) };
        }
    }
}

/// So many instructions does a round of idleness take, and a few more.
pub(crate) const ROUND: u32 = 256;

/// Passes [`ROUND`] instructions of time. TCG makes next to nothing of them, so that
/// it costs the host little; a `pause` would leave its loop each time. More at a
/// time would be dearer again: for each timer that falls into them, TCG
/// translates anew as many as there are before it.
#[inline(always)]
pub(crate) fn nops() {
    // SAFETY: does nothing.
    unsafe { asm!(".rept {}", "nop", ".endr", const ROUND, options(nomem, nostack, preserves_flags)) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn the_spinner_counts_while_others_sleep() {
        let spinner = Spinner::start().unwrap();
        let (begin, before) = (Instant::now(), spinner.count());
        while spinner.count() == before {
            assert!(begin.elapsed() < Duration::from_secs(60), "the spinner stands still");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_rest_ends_when_its_rounds_are_over() {
        let spinner = Spinner::start().unwrap();
        let before = spinner.count();
        spinner.rest(10);
        assert!(spinner.count() >= before + 9);
    }
}
