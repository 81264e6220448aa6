//! The kernel's random numbers. The CPU of a guest has no instruction for them, because QEMU would continue with others in
//! a guest that resumes from a snapshot than in one that boots. Until the kernel has enough entropy, its random numbers
//! cost more than they do on a machine in use, so the agent gives it some.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use anyhow::{Context, Result};

const FILE: &str = "/dev/random";

/// `RNDADDENTROPY` of the kernel's `linux/random.h`.
const ADD_ENTROPY: libc::Ioctl = 0x4008_5203;

const SIZE: usize = 64;

/// `struct rand_pool_info`.
#[repr(C)]
struct PoolInfo {
    /// What the bytes count for, in bits.
    bits: i32,
    size: i32,
    bytes: [u8; SIZE],
}

/// Gives the kernel as much entropy as it wants.
///
/// # Errors
/// When the kernel does not take it.
pub(crate) fn give() -> Result<()> {
    let file = File::open(FILE).with_context(|| format!("failed to open {FILE}"))?;
    let info = PoolInfo { bits: 8 * SIZE as i32, size: SIZE as i32, bytes: [0x5a; SIZE] };
    // SAFETY: the call reads `info`, which has the size that it names.
    let added = unsafe { libc::ioctl(file.as_raw_fd(), ADD_ENTROPY, &raw const info) };
    if added == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error()).context("failed to give the kernel entropy")
    }
}
