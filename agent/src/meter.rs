//! What attaching a monitor costs: CPU time of the task that does it, and
//! memory of the whole guest.

use std::fs;

use anyhow::{Context, Result, anyhow};
use hookbench_workloads::Stopwatch;

/// Taken before attaching.
pub(crate) struct Meter {
    cpu_time: u64,
    free: i64,
}

impl Meter {
    /// Starts.
    pub(crate) fn start() -> Result<Self> {
        let free = free_memory()?;
        Ok(Self { cpu_time: cpu_time(), free })
    }

    /// CPU time so far, in the unit of the time-stamp counter. A task that
    /// waits (for RCU, for a reader) is not charged for the wait, in which an
    /// idle CPU's clock would jump.
    pub(crate) fn cost(&self) -> u64 {
        let nanoseconds = cpu_time() - self.cpu_time;
        let (ticks, own) = rate();
        (u128::from(nanoseconds) * u128::from(ticks) / u128::from(own.max(1))) as u64
    }

    /// By how many bytes free memory has shrunk.
    pub(crate) fn memory(&self) -> Result<i64> {
        Ok(self.free - free_memory()?)
    }
}

/// A stretch of work in ticks of the counter, and in this thread's CPU time.
fn rate() -> (u64, u64) {
    let (stopwatch, begin) = (Stopwatch::start(), cpu_time());
    for _ in 0..1_000_000 {
        std::hint::spin_loop();
    }
    (stopwatch.elapsed(), cpu_time() - begin)
}

/// This thread's CPU time in nanoseconds.
fn cpu_time() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid; the clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

fn free_memory() -> Result<i64> {
    let text = fs::read_to_string("/proc/meminfo").context("failed to read /proc/meminfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemFree:"));
    let number = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<i64>().ok());
    Ok(1024 * number.ok_or_else(|| anyhow!("/proc/meminfo does not say MemFree"))?)
}
