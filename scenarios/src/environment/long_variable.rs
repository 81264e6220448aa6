//! A variable that is longer than any buffer comes first.

use super::{execute_with, ld_preload, variable};
use crate::scenario::Way;

/// The kernel takes 128 KiB at most.
const LENGTH: usize = 100_000;

pub(super) const WAY: Way =
    Way::ordinary("long-variable", "execve with LD_PRELOAD after a variable of 100,000 bytes", |scene| {
        execute_with(scene, vec![format!("LONG={}", "x".repeat(LENGTH)), variable(ld_preload::NAME)])
    });
