//! How much room BPF programs and kernel modules have for the system calls of a behaviour. It
//! does not depend on how many behaviours there are: a monitor watches one. `build.rs`
//! includes this file and writes the same numbers into the header of the C sources.

use hookbench_model::BEHAVIOURS;

/// System call numbers for which there is a table.
pub(crate) const SYSCALL_NUMBERS: usize = 512;

/// The most system calls that a behaviour has.
pub(crate) const CALLS: usize = 16;

const _: () = {
    let mut row = 0;
    while row < BEHAVIOURS.len() {
        assert!(BEHAVIOURS[row].syscalls.len() <= CALLS, "a behaviour has too many system calls");
        row += 1;
    }
};
