//! What attaching a monitor costs: CPU time of the task that does it, and
//! memory of the whole guest.

use std::fs;

use anyhow::{Context, Result};
use hookbench_workloads::Stopwatch;

use crate::idle::nops;

/// How fast the time-stamp counter runs beside a thread's CPU time: both over
/// the same stretch of work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    ticks: u64,
    nanoseconds: u64,
}

/// Measures it.
pub(crate) fn rate() -> Rate {
    let (stopwatch, begin) = (Stopwatch::start(), cpu_time());
    for _ in 0..40_000 {
        nops();
    }
    Rate { ticks: stopwatch.elapsed(), nanoseconds: cpu_time() - begin }
}

/// Taken before attaching.
pub(crate) struct Meter {
    rate: Rate,
    cpu_time: u64,
    free: i64,
}

impl Meter {
    /// Starts.
    pub(crate) fn start(rate: Rate) -> Result<Self> {
        let free = free_memory()?;
        Ok(Self { rate, cpu_time: cpu_time(), free })
    }

    /// CPU time so far, in the unit of the time-stamp counter. A task that
    /// waits (for RCU, for a reader) is not charged for the wait, in which an
    /// idle CPU's clock would jump.
    pub(crate) fn cost(&self) -> u64 {
        let Rate { ticks, nanoseconds } = self.rate;
        let own = u128::from(cpu_time() - self.cpu_time);
        (own * u128::from(ticks) / u128::from(nanoseconds.max(1))) as u64
    }

    /// By how many bytes free memory has shrunk.
    pub(crate) fn memory(&self) -> Result<i64> {
        Ok(self.free - free_memory()?)
    }
}

/// This thread's CPU time in nanoseconds.
fn cpu_time() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid; the clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Free memory in bytes, with what the kernel would give back: pages that wait in
/// per-CPU lists, which MemFree leaves out, caches of names, and of files.
fn free_memory() -> Result<i64> {
    let text = fs::read_to_string("/proc/zoneinfo").context("failed to read /proc/zoneinfo")?;
    Ok(PAGE * free_pages_in(&text))
}

const PAGE: i64 = 4096;

const FREE: &[&str] =
    &["nr_free_pages", "count:", "nr_slab_reclaimable", "nr_active_file", "nr_inactive_file"];

fn free_pages_in(zoneinfo: &str) -> i64 {
    let pages = |line: &str| -> Option<i64> {
        let (name, number) = line.trim_start().split_once(' ')?;
        if FREE.contains(&name) { number.trim().parse().ok() } else { None }
    };
    zoneinfo.lines().filter_map(pages).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_would_give_back_is_free_too() {
        let text =
            "Node 0, zone DMA\n  per-node stats\n      nr_inactive_file 5\n      nr_slab_reclaimable 100\n";
        assert_eq!(free_pages_in(text), 105);
        let text = "Node 0, zone DMA\n  pages free 9\n      nr_free_pages 9\n  pagesets\n    cpu: 0\n              count: 3\n  high: 4\n";
        assert_eq!(free_pages_in(text), 12);
    }
}
