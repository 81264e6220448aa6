//! tracefs: files to write, the trace to count, the counters of its buffer.
//! What the files say is read in `said`.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::said::{count_in, lost_in};

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

/// How many events the buffer of CPU 0 has overwritten or dropped.
///
/// # Errors
/// When its counters cannot be read.
pub fn lost() -> Result<u64> {
    let stats =
        fs::read_to_string(path("per_cpu/cpu0/stats")).context("failed to read the trace's counters")?;
    Ok(lost_in(&stats))
}
