//! What this process and those it has started cost so far.

use std::fs;

use anyhow::{Context, Result};

/// Of whom the CPU time is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose {
    /// This process, all threads.
    Own,
    /// Its children that have ended.
    Children,
}

/// The CPU time so far, user and system, in seconds.
pub(crate) fn cpu_seconds(whose: Whose) -> f64 {
    let who = match whose {
        Whose::Own => libc::RUSAGE_SELF,
        Whose::Children => libc::RUSAGE_CHILDREN,
    };
    // SAFETY: the structure is plain numbers, for which zeros are a value, and
    // ours to be written.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(who, &raw mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The most memory that this process had resident at once, in MiB.
pub(crate) fn peak_mib() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status").context("failed to read /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")).context("the kernel tells no VmHWM")?;
    Ok(kib.trim().parse::<f64>().context("VmHWM is no number")? / 1024.0)
}
