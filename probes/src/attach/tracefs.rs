//! tracefs: files to write, the trace to count, the counters of its buffer.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// Where the agent mounts it.
const ROOT: &str = "/sys/kernel/tracing";

/// The path of a file in tracefs.
pub fn path(file: &str) -> PathBuf {
    PathBuf::from(ROOT).join(file)
}

/// Replaces a file's content by `text`.
///
/// # Errors
/// When the kernel refuses.
pub fn write(file: &str, text: &str) -> Result<()> {
    fs::write(path(file), text).with_context(|| format!("failed to write {text:?} to {ROOT}/{file}"))
}

/// Adds `text` to a file.
///
/// # Errors
/// When the kernel refuses.
pub fn append(file: &str, text: &str) -> Result<()> {
    OpenOptions::new()
        .append(true)
        .open(path(file))
        .and_then(|mut open| open.write_all(text.as_bytes()))
        .with_context(|| format!("failed to add {text:?} to {ROOT}/{file}"))
}

/// How many lines of the trace hold `mark`.
///
/// # Errors
/// When the trace cannot be read.
pub fn count(mark: &str) -> Result<u64> {
    let trace = fs::read(path("trace")).context("failed to read the trace")?;
    Ok(count_in(&trace, mark))
}

fn count_in(trace: &[u8], mark: &str) -> u64 {
    let lines = trace.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#"));
    lines.filter(|line| line.windows(mark.len()).any(|window| window == mark.as_bytes())).count() as u64
}

/// How many events the buffer of CPU 0 has overwritten or dropped.
///
/// # Errors
/// When its counters cannot be read.
pub fn lost() -> Result<u64> {
    let stats =
        fs::read_to_string(path("per_cpu/cpu0/stats")).context("failed to read the trace's counters")?;
    Ok(lost_in(&stats))
}

fn lost_in(stats: &str) -> u64 {
    let field = |name: &str| -> u64 {
        let line = stats.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
    };
    field("overrun") + field("dropped events")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_are_no_events() {
        let trace =
            b"# tracer: nop exec:\n noop-1 [000] ..... 1.0: exec: (security_bprm_check+0x0/0xb0)\n x\n";
        assert_eq!(count_in(trace, " exec: ("), 1);
    }

    #[test]
    fn overwritten_and_dropped_events_are_lost() {
        assert_eq!(
            lost_in("entries: 12\noverrun: 3\ncommit overrun: 0\ndropped events: 4\nread events: 0\n"),
            7
        );
    }

    proptest! {
        #[test]
        fn anything_is_read_without_panic(trace: Vec<u8>, stats in ".*") {
            count_in(&trace, "exec");
            lost_in(&stats);
        }
    }
}
