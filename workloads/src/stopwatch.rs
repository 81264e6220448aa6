//! The time-stamp counter, fenced. Under TCG's icount it counts instructions,
//! on hardware cycles of a constant rate; the code is the same.

use core::arch::asm;
use std::ffi::c_long;

/// A started measurement.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    start: u64,
}

impl Stopwatch {
    /// Starts after all earlier instructions have ended.
    #[inline(always)]
    pub fn start() -> Self {
        Self { start: read() }
    }

    /// When it was started, for memory that is shared with who stops it.
    #[inline(always)]
    pub fn begun(self) -> u64 {
        self.start
    }

    /// The one that another process started.
    pub(crate) fn of_begun(start: u64) -> Self {
        Self { start }
    }

    /// What has passed since the start, in the counter's unit. It includes
    /// the cost of an empty section: see [`calibrate`].
    #[inline(always)]
    pub fn elapsed(self) -> u64 {
        read().wrapping_sub(self.start)
    }
}

/// Reads the counter between two fences.
#[inline(always)]
fn read() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: reads a counter that user space may read (CR4.TSD is not set by
    // Linux unless a task asks for it) and touches no memory; it stays a
    // barrier for the compiler, or timed work could move out.
    unsafe { asm!("lfence", "rdtsc", "lfence", out("eax") low, out("edx") high, options(nostack)) };
    u64::from(high) << 32 | u64::from(low)
}

/// Times the system call `number`, made without a wrapper, with one argument
/// that is no pointer: what it took, and what the kernel returned (an error
/// number below zero). Never inlined: its code is then paged in for the second
/// caller when the first has run.
#[inline(never)]
pub(crate) fn timed_syscall(number: c_long, argument: c_long) -> (u64, c_long) {
    let result: c_long;
    let stopwatch = Stopwatch::start();
    // SAFETY: callers pass system calls that read and write none of our memory.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") argument,
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    (stopwatch.elapsed(), result)
}

/// Times the system call `number`, made without a wrapper: what it took, and what the
/// kernel returned (an error number below zero). Never inlined, as [`timed_syscall`].
///
/// # Safety
/// What of `args` is an address has to be one that the kernel may read or write.
#[inline(never)]
pub(crate) unsafe fn timed_call(number: i64, args: &[i64; 6]) -> (u64, i64) {
    let [a, b, c, d, e, f] = *args;
    let result: i64;
    let stopwatch = Stopwatch::start();
    // SAFETY: the caller's.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") a, in("rsi") b, in("rdx") c,
            in("r10") d, in("r8") e, in("r9") f, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    (stopwatch.elapsed(), result)
}

/// What an empty section costs: the median of a hundred.
pub fn calibrate() -> u64 {
    let mut empty = [0; 100];
    for sample in &mut empty {
        let stopwatch = Stopwatch::start();
        *sample = stopwatch.elapsed();
    }
    empty.sort_unstable();
    empty[empty.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_advances() {
        assert!(calibrate() > 0);
    }
}
