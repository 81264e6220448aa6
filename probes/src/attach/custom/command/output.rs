//! What a command has written, in memory that its terminal shares with the agent: the first and
//! the last bytes, so it stays small.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// How many bytes of each end are kept.
const KEPT: usize = 64 << 10;

/// See the module. All zeroes is an empty one.
#[repr(C)]
pub(super) struct Output {
    /// How many bytes were written.
    written: AtomicU64,
    first: [AtomicU8; KEPT],
    /// The bytes after the first, as a ring.
    last: [AtomicU8; KEPT],
}

impl Output {
    /// Adds `bytes`. Only one process does.
    pub(super) fn add(&self, bytes: &[u8]) {
        let mut at = self.written.load(Ordering::SeqCst) as usize;
        for byte in bytes {
            self.place(at).store(*byte, Ordering::Relaxed);
            at += 1;
        }
        self.written.store(at as u64, Ordering::SeqCst);
    }

    fn place(&self, at: usize) -> &AtomicU8 {
        if at < KEPT { &self.first[at] } else { &self.last[at % KEPT] }
    }

    /// How many bytes were written.
    pub(super) fn written(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }

    /// The bytes that are kept. An ellipsis stands on a line of its own for those between.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let written = self.written() as usize;
        let read = |from: usize, to: usize| (from..to).map(|at| self.place(at).load(Ordering::Relaxed));
        let mut bytes: Vec<u8> = read(0, written.min(KEPT)).collect();
        if written > 2 * KEPT {
            bytes.extend_from_slice("\n…\n".as_bytes());
        }
        bytes.extend(read(KEPT.max(written.saturating_sub(KEPT)), written));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Box<Output> {
        // SAFETY: the fields are atomics, for which zero is valid.
        unsafe { Box::new_zeroed().assume_init() }
    }

    #[test]
    fn both_ends_of_a_long_output_are_kept() {
        let output = empty();
        assert_eq!(output.bytes(), b"");
        output.add(b"begin\n");
        for _ in 0..3 * KEPT {
            output.add(b"x");
        }
        output.add(b"\nend");
        let bytes = output.bytes();
        assert_eq!(output.written() as usize, 3 * KEPT + 10);
        assert_eq!(bytes.len(), 2 * KEPT + "\n…\n".len());
        assert!(bytes.starts_with(b"begin\nx") && bytes.ends_with(b"x\nend"));
    }

    #[test]
    fn an_output_that_fits_is_whole() {
        let output = empty();
        let all: Vec<u8> = (0..2 * KEPT).map(|at| at as u8).collect();
        for part in all.chunks(1000) {
            output.add(part);
        }
        assert_eq!(output.bytes(), all);
    }
}
