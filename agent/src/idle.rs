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
use std::sync::atomic::{AtomicU64, Ordering};

/// A running spinner; it ends with the guest.
#[derive(Clone, Copy)]
pub(crate) struct Spinner(&'static AtomicU64);

impl Spinner {
    /// Starts it.
    pub(crate) fn start() -> io::Result<Spinner> {
        // SAFETY: an anonymous shared mapping, zeroed, of a page that begins with
        // the counter; never unmapped, for it ends with the guest.
        let counter: &'static AtomicU64 = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
            let page = libc::mmap(ptr::null_mut(), size_of::<AtomicU64>(), protection, flags, -1, 0);
            if page == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            &*page.cast()
        };
        // SAFETY: the agent has one thread; the child only counts.
        match unsafe { libc::fork() } {
            -1 => Err(io::Error::last_os_error()),
            0 => spin(counter),
            _ => Ok(Spinner(counter)),
        }
    }

    /// Changes whenever the CPU would have been idle.
    pub(crate) fn count(self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn spin(counter: &AtomicU64) -> ! {
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: `param` is valid for the call.
    if unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &param) } != 0 {
        // SAFETY: leaves without running the agent's destructors.
        unsafe { libc::_exit(1) }
    }
    let mut count = 0u64;
    loop {
        count += 1;
        counter.store(count, Ordering::Relaxed);
        nops();
    }
}

/// Passes 256 instructions of time. TCG makes next to nothing of them, so that
/// it costs the host little; a `pause` would leave its loop each time. More at a
/// time would be dearer again: for each timer that falls into them, TCG
/// translates anew as many as there are before it.
#[inline(always)]
pub(crate) fn nops() {
    // SAFETY: does nothing.
    unsafe { asm!(".rept 256", "nop", ".endr", options(nomem, nostack, preserves_flags)) };
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
}
