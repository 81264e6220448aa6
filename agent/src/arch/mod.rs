//! What differs between architectures: ports, fences, pauses and counted instructions. One file each, all
//! with the same functions; nothing outside of this folder contains assembly for a guest's devices.

#[cfg(target_arch = "x86_64")]
mod x86_64;

#[cfg(target_arch = "x86_64")]
pub(crate) use x86_64::*;
