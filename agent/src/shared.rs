//! Memory that the worker shares with the agent: its samples, and how it ended.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) elapsed: u64,
    pub(crate) refused: Option<i32>,
    pub(crate) idle: bool,
}

#[repr(C)]
struct Slot {
    elapsed: AtomicU64,
    /// The error number of a refusal, 0 for none.
    errno: AtomicI64,
    /// 1 when the CPU was idle meanwhile.
    idle: AtomicU64,
}

/// So many slots, filled one by one.
pub(crate) struct Samples {
    slots: &'static [Slot],
}

impl Samples {
    /// Maps the memory and touches it: a page fault would be timed.
    pub(crate) fn map(count: usize) -> io::Result<Self> {
        let size = (count * size_of::<Slot>()).max(1);
        // SAFETY: an anonymous shared mapping, zeroed, of that many slots, whose
        // fields are atomics for which zero is valid; never unmapped, for a
        // guest ends with its cell.
        let slots = unsafe {
            let protection = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
            let memory = libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0);
            if memory == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            std::slice::from_raw_parts(memory.cast::<Slot>(), count)
        };
        Ok(Self { slots })
    }

    /// The first of them; `None` when there are not so many.
    pub(crate) fn first(&self, count: usize) -> Option<Samples> {
        self.slots.get(..count).map(|slots| Samples { slots })
    }

    pub(crate) fn put(&self, index: usize, sample: Sample) {
        if let Some(slot) = self.slots.get(index) {
            slot.elapsed.store(sample.elapsed, Ordering::SeqCst);
            slot.errno.store(sample.refused.unwrap_or(0).into(), Ordering::SeqCst);
            slot.idle.store(sample.idle.into(), Ordering::SeqCst);
        }
    }

    pub(crate) fn all(&self) -> Vec<Sample> {
        let sample = |slot: &Slot| {
            let errno = slot.errno.load(Ordering::SeqCst);
            Sample {
                elapsed: slot.elapsed.load(Ordering::SeqCst),
                refused: (errno != 0).then_some(errno as i32),
                idle: slot.idle.load(Ordering::SeqCst) != 0,
            }
        };
        self.slots.iter().map(sample).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_there() {
        let samples = Samples::map(3).unwrap();
        let refused = Sample { elapsed: 7, refused: Some(1), idle: false };
        let idle = Sample { elapsed: 8, refused: Some(13), idle: true };
        samples.put(1, refused);
        samples.put(2, idle);
        samples.put(3, idle);
        assert_eq!(samples.all(), [Sample { elapsed: 0, refused: None, idle: false }, refused, idle]);
        assert_eq!(samples.first(2).map(|first| first.all().len()), Some(2));
        assert!(samples.first(4).is_none());
    }
}
