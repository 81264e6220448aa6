//! What differs between architectures: how the clock is read, and how a system call is made without a wrapper.
//! One file each, all with the same functions, and next to it the no-op that `execve-noop` executes.

#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::*;
