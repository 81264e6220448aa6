//! The CPU time and memory that this process and its children have used so far.

use std::fs;

use anyhow::{Context, Result};

/// The processes whose CPU time to return.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose {
    /// This process, with all threads.
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
    // SAFETY: the structure is plain numbers, for which zero is valid; the call only fills
    // it.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(who, &raw mut usage);
        usage
    };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

/// The peak resident memory of this process, in MiB.
pub(crate) fn peak_mib() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status").context("failed to read /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib =
        line.and_then(|line| line.trim().strip_suffix("kB")).context("/proc/self/status has no VmHWM")?;
    Ok(kib.trim().parse::<f64>().context("VmHWM is not a number")? / 1024.0)
}
