//! Where the machine is stopped to be snapshotted, and the way from there to a
//! time that is the same for every cell.
//!
//! The guest stops itself by a write to a port: an exact instruction. QEMU may
//! let its clock jump to the next timer before it has noticed. The guest says by
//! how much, so that the jump can be taken out of the snapshot. It then waits until
//! a fixed time, late enough for its search for the cell, and ends the wait on an
//! exact count of instructions. Without a snapshot nothing stops, and the same
//! instructions lead to the same time.

use std::arch::asm;
use std::io;

use crate::idle::nops;
use crate::ports;

/// Many times longer than it takes to find and read the cell, and shorter than the
/// time to the next tick: the kernel has little to do until the cell begins.
const SWALLOW: u64 = 1_000_000;
/// From here on the wait is counted instead of looked at.
const NEAR: u64 = 20_000;
/// An interrupt that fell into the counted part moves the end by this much.
const AGAIN: u64 = 1_000_003;
/// Above the worker and its readers.
const UNDISTURBED: i32 = 98;

/// Puts the agent before all that it starts from here on: nobody keeps it from
/// ending a cell. What it starts is ordinary again.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn come_first() -> io::Result<()> {
    let param = libc::sched_param { sched_priority: UNDISTURBED };
    // SAFETY: `param` is valid for the call.
    if unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &param) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Stops the machine, does `first` when it goes on, and returns at a time that
/// only depends on when it was called, to the instruction. `first` is told by how
/// much the clock ran on while the machine stood.
pub(crate) fn here<T>(first: impl FnOnce(i64) -> T) -> T {
    let mut until = now() + SWALLOW;
    let result = first(ports::stop());
    while !wait(until) {
        until += AGAIN;
    }
    result
}

/// The guest's TSC: under `-icount`, the instructions executed so far.
fn now() -> u64 {
    let (low, high): (u64, u64);
    // SAFETY: reads a counter.
    unsafe { asm!("lfence", "rdtsc", out("rax") low, out("rdx") high, options(nomem, nostack)) };
    high << 32 | low
}

/// Waits until `until`; says whether it came out there to the instruction.
fn wait(until: u64) -> bool {
    while now() + NEAR < until {
        nops();
    }
    if now() + NEAR / 2 > until {
        return false;
    }
    let reached: u64;
    // `dec; jnz` is two instructions a round. Where one is left over, the jump
    // goes to the NOP before the end. What surrounds the loop makes the same
    // offset each time, and an interrupt another one.
    // SAFETY: registers only; the jump goes to one of two places below it.
    unsafe {
        asm!(
            "lfence", "rdtsc", "shl rdx, 32", "or rax, rdx",
            "mov rcx, {until}", "sub rcx, rax", "sub rcx, 64",
            "mov {odd}, rcx", "and {odd}, 1", "shr rcx, 1",
            "2:", "dec rcx", "jnz 2b",
            "lea rdx, [rip + 3f]", "sub rdx, {odd}", "jmp rdx", "nop",
            "3:", "lfence", "rdtsc", "shl rdx, 32", "or rax, rdx",
            until = in(reg) until, odd = out(reg) _,
            out("rax") reached, out("rcx") _, out("rdx") _,
            options(nomem, nostack),
        );
    }
    (until - 64..=until).contains(&reached)
}
