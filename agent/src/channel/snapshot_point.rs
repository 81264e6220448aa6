//! Where the machine stops for its snapshot, and the way from there to a time that is the same for every cell.
//! The guest stops itself by a write to a device: an exact instruction. QEMU may let its clock jump to the next
//! timer before it notices the write. The guest reports by how much, so the jump can be taken out of the
//! snapshot. It then waits until a fixed time, late enough for its search for the cell, and ends the wait on an
//! exact count of instructions. Without a snapshot nothing stops, and the way to that time is the same. When the monitor
//! is attached, the machine may be copied, and there is such a way again.

use crate::arch;

/// Many times longer than it takes to find and read the cell, and shorter than the time to the next tick: the
/// kernel has little to do until the cell begins.
const SWALLOW: u64 = 1_000_000;
/// Within this distance of the end, the wait counts instructions and does not read the clock.
const NEAR: u64 = 20_000;
/// An interrupt in the counted part moves the end by this much.
const AGAIN: u64 = 1_000_003;
/// A monitor that interrupts more often than the counted part is long lets no wait end there. The agent then goes on: the
/// same cell still does so at the same time.
const TRIES: u32 = 8;

/// Stops the machine, runs `first` when the machine resumes, and returns at a time that depends only on when
/// it was called, to the instruction. `first` gets the number of instructions by which the clock ran on while
/// the machine stood.
pub(crate) fn stop_and_align<T>(first: impl FnOnce(i64) -> T) -> T {
    align(|| first(arch::with_devices(arch::stop_machine)))
}

/// Offers the machine to be copied, runs `first`, in a copy or not, and returns at a time that depends only on when it
/// was called.
pub(crate) fn copy_and_align<T>(first: impl FnOnce() -> T) -> T {
    align(|| {
        arch::offer_copy();
        first()
    })
}

fn align<T>(first: impl FnOnce() -> T) -> T {
    let mut until = arch::now() + SWALLOW;
    let result = first();
    for _ in 0..TRIES {
        if wait(until) {
            break;
        }
        until += AGAIN;
    }
    result
}

/// Waits until `until`. Returns whether it ended there to the instruction.
fn wait(until: u64) -> bool {
    while arch::now() + NEAR < until {
        arch::nops();
    }
    if arch::now() + NEAR / 2 > until {
        return false;
    }
    arch::count_down(until)
}
