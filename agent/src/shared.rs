//! Memory that the worker shares with the agent: its samples, and how it ended.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

use hookbench_model::Refusal;

/// One operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) elapsed: u64,
    pub(crate) refused: Option<Refusal>,
    pub(crate) idle: bool,
}

/// So many numbers, zeroes at first, in memory that processes share.
pub(crate) fn words(count: usize) -> io::Result<&'static [AtomicU64]> {
    // SAFETY: zero is valid for an atomic number.
    unsafe { map(count) }
}

/// Maps memory for so many `T` and touches it: a page fault would be timed.
///
/// # Safety
/// All zeroes have to be a `T`, whose fields can only be used as atomics.
unsafe fn map<T>(count: usize) -> io::Result<&'static [T]> {
    let size = (count * size_of::<T>()).max(1);
    // SAFETY: an anonymous shared mapping, zeroed, of that many; never unmapped, for
    // a guest ends with its cell, and so does the agent elsewhere.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | libc::MAP_POPULATE;
        let memory = libc::mmap(ptr::null_mut(), size, protection, flags, -1, 0);
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(std::slice::from_raw_parts(memory.cast::<T>(), count))
    }
}

#[repr(C)]
struct Slot {
    elapsed: AtomicU64,
    /// The parts of how it was stopped, 0 when it was not.
    kind: AtomicU32,
    number: AtomicI32,
    /// 1 when the CPU was idle meanwhile.
    idle: AtomicU64,
}

/// So many slots, filled one by one.
pub(crate) struct Samples {
    slots: &'static [Slot],
}

impl Samples {
    /// Maps the memory.
    pub(crate) fn map(count: usize) -> io::Result<Self> {
        // SAFETY: a slot's fields are atomics for which zero is valid.
        Ok(Self { slots: unsafe { map(count) }? })
    }

    /// The first of them; `None` when there are not so many.
    pub(crate) fn first(&self, count: usize) -> Option<Samples> {
        self.slots.get(..count).map(|slots| Samples { slots })
    }

    pub(crate) fn put(&self, index: usize, sample: Sample) {
        if let Some(slot) = self.slots.get(index) {
            slot.elapsed.store(sample.elapsed, Ordering::SeqCst);
            let (kind, number) = sample.refused.map_or((0, 0), Refusal::parts);
            slot.kind.store(kind, Ordering::SeqCst);
            slot.number.store(number, Ordering::SeqCst);
            slot.idle.store(sample.idle.into(), Ordering::SeqCst);
        }
    }

    pub(crate) fn all(&self) -> Vec<Sample> {
        let sample = |slot: &Slot| {
            let (kind, number) = (slot.kind.load(Ordering::SeqCst), slot.number.load(Ordering::SeqCst));
            Sample {
                elapsed: slot.elapsed.load(Ordering::SeqCst),
                refused: Refusal::of_parts(kind, number),
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
        let refused = Sample { elapsed: 7, refused: Some(Refusal::Errno(1)), idle: false };
        let idle = Sample { elapsed: 8, refused: Some(Refusal::Signal(13)), idle: true };
        samples.put(1, refused);
        samples.put(2, idle);
        samples.put(3, idle);
        assert_eq!(samples.all(), [Sample { elapsed: 0, refused: None, idle: false }, refused, idle]);
        assert_eq!(samples.first(2).map(|first| first.all().len()), Some(2));
        assert!(samples.first(4).is_none());
    }
}
