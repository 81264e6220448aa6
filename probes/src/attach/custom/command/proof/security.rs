//! Policies of security modules that the command loaded, as far as the kernel lists them.

use std::collections::BTreeSet;
use std::fs;

use super::{Saw, Sign, counted, listed};

/// Files with an entry on each line.
const FILES: &[&str] = &[
    "/sys/kernel/security/apparmor/profiles",
    "/sys/kernel/security/tomoyo/domain_policy",
    "/sys/fs/smackfs/load2",
];

/// The entries of all policies.
pub(super) fn read() -> BTreeSet<String> {
    let texts = FILES.iter().filter_map(|file| fs::read_to_string(file).ok());
    texts.flat_map(|text| text.lines().map(String::from).collect::<Vec<_>>()).collect()
}

/// The entries that were not there `before`.
pub(super) fn since(now: &BTreeSet<String>, before: &BTreeSet<String>) -> Option<Sign> {
    let new: Vec<&str> = now.difference(before).map(String::as_str).collect();
    let text = || format!("{} of a security policy ({})", counted(new.len(), "line"), listed(&new));
    (!new.is_empty()).then(|| Sign::new(text(), Saw::Uncounted).of_parts(new.len()))
}
