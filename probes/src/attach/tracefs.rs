//! tracefs: write its files, count lines of the trace, read the counters of its buffers.
//! `kernel_text` reads what the files contain.

use std::fs::{self, OpenOptions};
use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::kernel_text::{count_in, lost_in};

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
    append_to(&path(file), text).with_context(|| format!("failed to add {text:?} to {ROOT}/{file}"))
}

/// Adds `text` to the file at `path` without emptying it.
///
/// # Errors
/// When the kernel refuses.
pub fn append_to(path: &Path, text: &str) -> io::Result<()> {
    OpenOptions::new().append(true).open(path).and_then(|mut open| open.write_all(text.as_bytes()))
}

/// Why monitors may not use the main instance: another program traces there already. `None`
/// when it is free.
pub fn in_use() -> Option<String> {
    let read = |file: &str| fs::read_to_string(path(file)).unwrap_or_default();
    let tracer = read("current_tracer");
    if tracer.is_empty() {
        return Some(format!("cannot read {ROOT}: tracefs is not mounted there, or only root may read it"));
    }
    if tracer.trim() != "nop" {
        return Some(format!("another program has switched on the tracer {}", tracer.trim()));
    }
    if !read("set_event").trim().is_empty() {
        return Some("another program has switched on trace events".into());
    }
    let filtered = read("set_ftrace_filter").lines().any(|line| !line.starts_with('#'));
    filtered.then(|| "another program has chosen functions for the tracer".into())
}

/// How many lines of the trace hold `mark`.
///
/// # Errors
/// When the trace cannot be read.
pub fn count(mark: &str) -> Result<u64> {
    let trace = fs::read(path("trace")).context("failed to read the trace")?;
    Ok(count_in(&trace, mark))
}

/// How many events the buffers of all CPUs have overwritten or dropped.
///
/// # Errors
/// When their counters cannot be read.
pub fn lost() -> Result<u64> {
    lost_below(&path(""))
}

/// The same for the instance in the folder `instance`.
///
/// # Errors
/// When its counters cannot be read.
pub fn lost_below(instance: &Path) -> Result<u64> {
    let counters = || -> io::Result<u64> {
        let mut lost = 0u64;
        for cpu in fs::read_dir(instance.join("per_cpu"))? {
            lost = lost.saturating_add(lost_in(&fs::read_to_string(cpu?.path().join("stats"))?));
        }
        Ok(lost)
    };
    counters().context("failed to read the trace's counters")
}
