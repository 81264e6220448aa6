//! Whether the window of a way is open, by the records of the marker call, which has rules with a key of its own.

use super::fields::{SYSCALL, field, hexadecimal};
use crate::scene::{END_MARKER, MARKER};

/// The key of the rules on the marker call.
pub(super) const KEY: &str = "hookbench-window";

/// Whether the window is open, after the records so far.
#[derive(Debug, Default)]
pub(in crate::guest) struct Window {
    is_open: bool,
}

impl Window {
    /// Looks at a record. Returns whether the window is open now.
    pub(in crate::guest) fn look(&mut self, kind: u16, text: &str) -> bool {
        let is_marker =
            kind == SYSCALL && field(text, "key=").is_some_and(|key| key.trim_matches('"') == KEY);
        match hexadecimal(text, "a0=").filter(|_| is_marker) {
            Some(MARKER) => self.is_open = true,
            Some(END_MARKER) => self.is_open = false,
            _ => {}
        }
        self.is_open
    }
}
