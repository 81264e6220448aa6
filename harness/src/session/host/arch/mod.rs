//! What describing a machine depends on its architecture for: the CPU's features and the
//! counter that is the clock. Each architecture has a file with the same functions.

#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "x86_64")]
pub(super) use x86_64::{counter_khz, has_counter, hypervisor, is_counter_invariant};
