//! How much room there is for behaviours: in the counters of BPF programs, of kernel
//! modules and of readers. It follows from the table of behaviours. `build.rs` includes
//! this file and writes the same numbers into the headers of the C sources.

use hookbench_model::BEHAVIOURS;

/// Counters: one for each behaviour and one for [`TICKS_SLOT`]. A power of two, because
/// BPF programs mask an index with `SLOTS - 1`; at least 8, so that a new behaviour
/// does not change the size of a map.
pub(crate) const SLOTS: usize = larger(8, (BEHAVIOURS.len() + 1).next_power_of_two());

/// Where `sampling` counts its ticks: the last slot, which no behaviour has.
pub(crate) const TICKS_SLOT: usize = SLOTS - 1;

/// System call numbers for which BPF programs have a table.
pub(crate) const SYSCALL_NUMBERS: usize = 512;

const fn larger(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}
