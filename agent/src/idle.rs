//! Whether the CPU was idle: TCG's clock jumps over idle time, so a timed
//! section in which it was is no count of instructions.

use std::fs;

use anyhow::{Context, Result, anyhow};

/// How long CPU 0 has been idle since boot, in nanoseconds.
pub(crate) fn time() -> Result<u64> {
    let text = fs::read_to_string("/proc/timer_list").context("failed to read /proc/timer_list")?;
    idle_in(&text).ok_or_else(|| anyhow!("/proc/timer_list does not say how long the CPU was idle"))
}

fn idle_in(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(".idle_sleeptime"))?;
    line.trim_start().strip_prefix(':')?.trim().trim_end_matches("nsecs").trim_end().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_cpus_idle_time_is_found() {
        let text =
            "cpu: 0\n  .idle_sleeps    : 7\n  .idle_sleeptime : 12345 nsecs\n  .idle_sleeptime : 9 nsecs\n";
        assert_eq!(idle_in(text), Some(12345));
        assert_eq!(idle_in("  .idle_sleeptime is gone"), None);
    }
}
