//! The processes that a process has started.

use std::fs;

/// The processes that `pid` has started, and theirs.
pub(crate) fn descendants(pid: u32) -> Vec<i32> {
    let mut all = Vec::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let children = fs::read_to_string(task.path().join("children")).unwrap_or_default();
        for child in children.split_whitespace().filter_map(|text| text.parse::<i32>().ok()) {
            all.push(child);
            all.extend(descendants(child as u32));
        }
    }
    all
}
