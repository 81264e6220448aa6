//! x86-64: the clock is the time-stamp counter, fenced. Under TCG's icount it counts instructions, on hardware
//! cycles of a constant rate. Every function is inlined into a timed section: its instructions are part of each
//! number.

use core::arch::asm;
use std::ffi::c_long;

/// The last byte of a fence, `0f ae e8`, in other encodings. The processor ignores its last three bits, so all are
/// the same fence and cost the same. To hookbench's plugin of QEMU, which knows them too, they are marks: where a timed
/// section begins and ends, where operations follow, and where one has been made.
const BEGIN: u8 = 0xe9;
const END: u8 = 0xea;
const ARM: u8 = 0xeb;
const MADE: u8 = 0xec;

/// Reads the counter between two fences. The second is that of `MARK`: between the same two places of two readings
/// there are as many instructions as between the readings.
#[inline(always)]
fn read_counter<const MARK: u8>() -> u64 {
    let (low, high): (u32, u32);
    // SAFETY: reads a counter that user space may read (Linux sets CR4.TSD only for a task that asks for it), and
    // touches no memory. It stays a barrier for the compiler, or timed work could move out.
    unsafe {
        asm!("lfence", "rdtsc", ".byte 0x0f, 0xae, {mark}", mark = const MARK,
            out("eax") low, out("edx") high, options(nostack));
    };
    u64::from(high) << 32 | u64::from(low)
}

/// Reads the counter where a timed section begins.
#[inline(always)]
pub(crate) fn begin() -> u64 {
    read_counter::<BEGIN>()
}

/// Reads the counter where a timed section ends.
#[inline(always)]
pub(crate) fn end() -> u64 {
    read_counter::<END>()
}

#[inline(always)]
fn mark<const MARK: u8>() {
    // SAFETY: a fence.
    unsafe { asm!(".byte 0x0f, 0xae, {mark}", mark = const MARK, options(nostack)) };
}

/// Marks where operations follow.
#[inline(always)]
pub(crate) fn mark_arm() {
    mark::<ARM>();
}

/// Marks where an operation has been made.
#[inline(always)]
pub(crate) fn mark_made() {
    mark::<MADE>();
}

/// Makes the system call `number` with one argument. Returns what the kernel returned: a negative error number if
/// the call failed.
///
/// # Safety
/// The call must not read or write memory that Rust relies on.
#[inline(always)]
pub(crate) unsafe fn syscall_1(number: c_long, argument: c_long) -> c_long {
    let result: c_long;
    // SAFETY: the caller's.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") argument,
            lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// Makes the system call `number` with six arguments. Returns what the kernel returned: a negative error number if
/// the call failed.
///
/// # Safety
/// Each argument that is an address has to be one that the kernel may read or write.
#[inline(always)]
pub(crate) unsafe fn syscall_6(number: i64, [a, b, c, d, e, f]: [i64; 6]) -> i64 {
    let result: i64;
    // SAFETY: the caller's.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") a, in("rsi") b, in("rdx") c,
            in("r10") d, in("r8") e, in("r9") f, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// Where the C library keeps what belongs to the thread.
pub(crate) fn thread_pointer() -> usize {
    let pointer: usize;
    // SAFETY: the first word there is its own address.
    unsafe { asm!("mov {}, fs:0", out(reg) pointer, options(nostack, readonly)) };
    pointer
}
