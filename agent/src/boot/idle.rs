//! Keeps the CPU busy, and says when it had nothing better to do.
//!
//! TCG's clock jumps over idle time, and QEMU decides in a thread of its own when the CPU is idle. On a loaded
//! host it may decide before the last instructions were counted, and time then runs ahead by those. For this
//! reason a process of the lowest priority spins whenever nothing else runs. Idle time then consists of
//! instructions, like all other time, and no clock jumps.

use std::io;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::arch;
use crate::process;
use crate::shared_memory::map_one;

/// The memory that the spinner shares with the agent and the worker.
#[repr(C)]
struct Page {
    /// Goes up whenever the CPU has nothing better to do.
    count: AtomicU64,
    /// How many rounds a task still waits for; a futex.
    rest: AtomicU32,
    /// How many rests have begun.
    rests: AtomicU64,
}

/// A running spinner. It ends with the guest, or when it is told to.
#[derive(Clone, Copy)]
pub(crate) struct Spinner {
    page: &'static Page,
    pid: libc::pid_t,
}

/// How many rounds a CPU has to itself before it gives way to the others.
const TURN: u64 = 64;

impl Spinner {
    /// Starts a spinner in a guest with one CPU.
    ///
    /// # Errors
    /// When the kernel has no memory or no process for it.
    pub(crate) fn start() -> io::Result<Spinner> {
        Spinner::with(spin::<false>)
    }

    /// Starts a spinner that lets other CPUs run now and then.
    ///
    /// # Errors
    /// Like those of [`Spinner::start`].
    pub(crate) fn start_in_turns() -> io::Result<Spinner> {
        Spinner::with(spin::<true>)
    }

    fn with(spin: fn(&Page) -> !) -> io::Result<Spinner> {
        // SAFETY: the fields are atomics, for which zero is valid.
        let page: &'static Page = unsafe { map_one() }?;
        // SAFETY: the agent has one thread; the child only spins.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => spin(page),
            pid => Ok(Spinner { page, pid }),
        }
    }

    /// Ends it.
    ///
    /// # Errors
    /// When it has ended already.
    pub(crate) fn end(self) -> io::Result<()> {
        process::end(self.pid)
    }

    /// A number that changes whenever the CPU would have been idle.
    pub(crate) fn count(self) -> u64 {
        self.page.count.load(Ordering::Relaxed)
    }

    /// Sleeps until the CPU has had nothing else to do for `rounds` rounds. All other tasks have then done
    /// what they were woken for. This needs no timer; each timer would cost QEMU more than the rounds do.
    pub(crate) fn rest(self, rounds: u32) {
        let rest = &self.page.rest;
        self.page.rests.fetch_add(1, Ordering::SeqCst);
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

    /// The number of the rest that a task waits in; `None` if no task rests.
    pub(crate) fn unfinished_rest(self) -> Option<u64> {
        let waits = self.page.rest.load(Ordering::SeqCst) > 0;
        waits.then(|| self.page.rests.load(Ordering::SeqCst))
    }
}

fn spin<const TURNS: bool>(page: &Page) -> ! {
    let param = libc::sched_param { sched_priority: 0 };
    // In tests, outside of a guest, the spinner has to end with the test.
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
        arch::nops();
        if TURNS && count.is_multiple_of(TURN) {
            arch::give_way();
        }
        let left = page.rest.load(Ordering::SeqCst);
        if left > 0 {
            page.rest.store(left - 1, Ordering::SeqCst);
        }
        if left == 1 {
            // SAFETY: wakes the task that sleeps on a futex in a mapping that stays.
            unsafe { libc::syscall(libc::SYS_futex, page.rest.as_ptr(), libc::FUTEX_WAKE, 1) };
        }
    }
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
        assert_eq!(spinner.unfinished_rest(), None);
    }

    #[test]
    fn a_rest_that_cannot_end_has_a_number() {
        let spinner = Spinner::start().unwrap();
        spinner.rest(1);
        spinner.end().unwrap();
        std::thread::spawn(move || spinner.rest(1_000));
        while spinner.unfinished_rest() != Some(2) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
