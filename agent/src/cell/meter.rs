//! What attaching a monitor costs: CPU time of the task that does it, and memory of the whole guest.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_model::Loading;
use hookbench_probes::attach::phases::{self, cpu_time};
use hookbench_workloads::Stopwatch;

use crate::arch;

/// How fast the time-stamp counter runs compared with a thread's CPU time: both over the same stretch of
/// work.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    ticks: u64,
    nanoseconds: u64,
}

/// Measures the rate.
pub(super) fn rate() -> Rate {
    let (stopwatch, begin) = (Stopwatch::start(), cpu_time());
    for _ in 0..40_000 {
        arch::nops();
    }
    Rate { ticks: stopwatch.elapsed(), nanoseconds: cpu_time() - begin }
}

/// Taken before attaching.
pub(super) struct Meter {
    rate: Rate,
    cpu_time: u64,
    free: i64,
    resident: i64,
}

/// What attaching a monitor cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    /// CPU time of the task, in the unit of the time-stamp counter. It leaves out waits (for RCU, for a
    /// reader), in which an idle CPU's clock would jump.
    pub(super) attach: u64,
    /// The part of it that a loader of BPF objects spent, if there was one.
    pub(super) loading: Option<Loading>,
    /// By how many bytes free memory has shrunk.
    pub(super) memory: i64,
}

impl Meter {
    /// Starts.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub(super) fn start(rate: Rate) -> Result<Self> {
        let (free, resident) = (free_memory()?, resident()?);
        // What was loaded before does not belong to this monitor.
        phases::take();
        Ok(Self { rate, cpu_time: cpu_time(), free, resident })
    }

    /// The cost since the start. Waits for `settle` before it looks at memory.
    ///
    /// # Errors
    /// When `/proc` cannot be read.
    pub(super) fn cost(&self, settle: Duration) -> Result<Cost> {
        let attach = self.ticks(cpu_time() - self.cpu_time);
        let spent = phases::take();
        std::thread::sleep(settle);
        let memory = self.free - free_memory()?;
        let grown = resident()? - self.resident;
        let loading = spent.map(|spent| Loading {
            open: self.ticks(spent.open),
            load: self.ticks(spent.load),
            verify: self.ticks(spent.verify),
            attach: self.ticks(spent.attach),
            agent_bytes: grown,
        });
        Ok(Cost { attach, loading, memory })
    }

    /// CPU time in the unit of the time-stamp counter.
    fn ticks(&self, time: u64) -> u64 {
        let Rate { ticks, nanoseconds } = self.rate;
        (u128::from(time) * u128::from(ticks) / u128::from(nanoseconds.max(1))) as u64
    }
}

/// This process's resident memory in bytes.
fn resident() -> Result<i64> {
    let text = fs::read_to_string("/proc/self/statm").context("failed to read /proc/self/statm")?;
    let pages = text.split(' ').nth(1).and_then(|pages| pages.parse::<i64>().ok());
    pages.map(|pages| PAGE * pages).with_context(|| format!("failed to understand statm: {text:?}"))
}

/// Free memory in bytes, with what the kernel would give back: pages in per-CPU lists, which MemFree leaves
/// out, caches of names, and caches of files.
fn free_memory() -> Result<i64> {
    let text = fs::read_to_string("/proc/zoneinfo").context("failed to read /proc/zoneinfo")?;
    Ok(PAGE * free_pages_in(&text))
}

const PAGE: i64 = 4096;

/// The counters that are added up.
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
    fn memory_that_the_kernel_would_give_back_is_free_too() {
        let text =
            "Node 0, zone DMA\n  per-node stats\n      nr_inactive_file 5\n      nr_slab_reclaimable 100\n";
        assert_eq!(free_pages_in(text), 105);
        let text = "Node 0, zone DMA\n  pages free 9\n      nr_free_pages 9\n  pagesets\n    cpu: 0\n              count: 3\n  high: 4\n";
        assert_eq!(free_pages_in(text), 12);
    }
}
