//! The stopwatch that times operations, and system calls that are timed alone. How the clock is read is in
//! `arch/`.

use std::ffi::c_long;

use crate::arch;

/// A started measurement.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch {
    start: u64,
}

impl Stopwatch {
    /// Starts after all earlier instructions have ended.
    #[inline(always)]
    pub fn start() -> Self {
        Self { start: arch::begin() }
    }

    /// The time of the start, for memory that is shared with the process that stops it.
    #[inline(always)]
    pub fn started_at(self) -> u64 {
        self.start
    }

    /// The stopwatch that another process started.
    pub(crate) fn from_start(start: u64) -> Self {
        Self { start }
    }

    /// The time since the start, in the counter's unit. It includes the cost of an empty section: see
    /// [`calibrate`].
    #[inline(always)]
    pub fn elapsed(self) -> u64 {
        arch::end().wrapping_sub(self.start)
    }
}

/// Times the system call `number`, made without a wrapper, with one argument that is not a pointer. Returns the
/// time, and what the kernel returned: a negative error number if the call failed. It is never inlined: once the
/// first caller has run it, its code is paged in for the second.
#[inline(never)]
pub(crate) fn timed_syscall(number: c_long, argument: c_long) -> (u64, c_long) {
    let stopwatch = Stopwatch::start();
    // SAFETY: callers pass system calls that do not read or write this process's memory.
    let result = unsafe { arch::syscall_1(number, argument) };
    (stopwatch.elapsed(), result)
}

/// Times the system call `number` with six arguments, like [`timed_syscall`].
///
/// # Safety
/// Each element of `args` that is an address has to be one that the kernel may read or write.
#[inline(never)]
pub(crate) unsafe fn timed_call(number: i64, args: &[i64; 6]) -> (u64, i64) {
    let args = *args;
    let stopwatch = Stopwatch::start();
    // SAFETY: the caller's.
    let result = unsafe { arch::syscall_6(number, args) };
    (stopwatch.elapsed(), result)
}

/// Says that operations follow. A QEMU that attributes instructions begins to follow the guest here; to everything
/// else it is a fence.
pub fn operations_follow() {
    arch::mark_arm();
}

/// Says that an operation has been made, like [`operations_follow`]. One of the sections that were timed since the
/// last is the operation.
pub fn operation_was_made() {
    arch::mark_made();
}

/// The cost of an empty section: the median of a hundred.
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
