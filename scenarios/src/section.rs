//! The timed section of an allowed neighbour whose price is wanted. It begins when the neighbour's window opens, and ends
//! when the window closes or when a program that the neighbour executed has begun. QEMU's plugin sees the same section
//! by the marks of the stopwatch.

use std::sync::atomic::{AtomicU64, Ordering};

use hookbench_workloads::Stopwatch;

/// A section, in memory that the runner and all processes of a way share.
#[repr(C)]
#[derive(Debug, Default)]
pub struct Section {
    /// 1 if sections are timed, else 0.
    is_timed: AtomicU64,
    /// The clock when the section began; 0 if none is open.
    begun: AtomicU64,
    /// The instructions of the last section that ended; 0 if none has.
    took: AtomicU64,
    /// The clock when a program began that is not this crate's, if it wrote that here; else 0.
    stopped: AtomicU64,
}

/// Where such a program writes the clock, in a section.
pub(crate) const STOPPED: usize = std::mem::offset_of!(Section, stopped);

impl Section {
    /// Forgets the section of an earlier way. From now on sections are timed if `is_timed`.
    pub fn clear(&self, is_timed: bool) {
        self.is_timed.store(u64::from(is_timed), Ordering::SeqCst);
        self.begun.store(0, Ordering::SeqCst);
        self.took.store(0, Ordering::SeqCst);
        self.stopped.store(0, Ordering::SeqCst);
    }

    /// Begins a section, if sections are timed.
    #[inline(always)]
    pub fn begin(&self) {
        if self.is_timed.load(Ordering::SeqCst) != 0 {
            self.begun.store(Stopwatch::start().started_at(), Ordering::SeqCst);
        }
    }

    /// Ends the section that is open. Of several processes, the first that gets here ends it.
    #[inline(always)]
    pub fn end(&self) {
        let begun = self.begun.swap(0, Ordering::SeqCst);
        if begun != 0 {
            // Only the process that started a stopwatch can stop it, so this starts another. The plugin then ends both
            // sections at the same instruction.
            let stopwatch = Stopwatch::start();
            let now = stopwatch.started_at().wrapping_add(stopwatch.elapsed());
            self.took.store(now.wrapping_sub(begun), Ordering::SeqCst);
        }
    }

    /// The instructions of the last section that ended, counted as in the samples of cells; `None` if none has.
    pub fn took(&self) -> Option<u64> {
        let [took, begun, stopped] =
            [&self.took, &self.begun, &self.stopped].map(|value| value.load(Ordering::SeqCst));
        let took = if took == 0 && begun != 0 { stopped.saturating_sub(begun) } else { took };
        Some(took).filter(|&took| took != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_section_that_is_timed_and_has_begun_ends() {
        let section = Section::default();
        section.begin();
        section.end();
        assert_eq!(section.took(), None);
        section.clear(true);
        section.end();
        assert_eq!(section.took(), None);
        section.begin();
        section.end();
        let first = section.took();
        assert!(first.is_some());
        section.end();
        assert_eq!(section.took(), first);
        section.clear(false);
        assert_eq!(section.took(), None);
    }
}
