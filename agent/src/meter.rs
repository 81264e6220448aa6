//! What attaching a monitor costs: CPU time of the task that does it, and
//! memory of the whole guest.

use std::fs;

use anyhow::{Context, Result};
use hookbench_workloads::Stopwatch;

use crate::idle::nops;

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
    for _ in 0..100_000 {
        nops();
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

/// Free memory in bytes, without what caches could give back: also the pages
/// that wait in per-CPU lists, which MemFree leaves out.
fn free_memory() -> Result<i64> {
    fs::write("/proc/sys/vm/drop_caches", "3").context("failed to drop caches")?;
    let text = fs::read_to_string("/proc/zoneinfo").context("failed to read /proc/zoneinfo")?;
    Ok(PAGE * free_pages_in(&text))
}

const PAGE: i64 = 4096;

fn free_pages_in(zoneinfo: &str) -> i64 {
    let number =
        |line: &str, name: &str| -> Option<i64> { line.trim().strip_prefix(name)?.trim().parse().ok() };
    let lines = zoneinfo.lines();
    lines.filter_map(|line| number(line, "nr_free_pages").or_else(|| number(line, "count:"))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_in_per_cpu_lists_are_free_too() {
        let text = "Node 0, zone DMA\n  pages free 9\n      nr_free_pages 9\n  pagesets\n    cpu: 0\n              count: 3\n  high: 4\n";
        assert_eq!(free_pages_in(text), 12);
    }
}
