//! Kernel modules that the command loaded, live patches among them.

use std::collections::BTreeSet;
use std::fs;

use super::{Saw, Sign, counted, listed};

/// The names of all loaded modules.
pub(super) fn read() -> BTreeSet<String> {
    let text = fs::read_to_string("/proc/modules").unwrap_or_default();
    text.lines().filter_map(|line| line.split(' ').next()).map(String::from).collect()
}

/// The modules that were not loaded `before`.
pub(super) fn since(now: &BTreeSet<String>, before: &BTreeSet<String>) -> Option<Sign> {
    let new: Vec<&str> = now.difference(before).map(String::as_str).collect();
    let text = || format!("{} ({})", counted(new.len(), "kernel module"), listed(&new));
    (!new.is_empty()).then(|| Sign::new(text(), Saw::Uncounted).of_parts(new.len()))
}
