//! Memory that the agent shares with the processes that it forks: numbers, the samples of the worker with how
//! each operation ended, and the effect of all of them.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

use hookbench_model::Refusal;
use hookbench_workloads::Effect;

/// What was measured of one operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sample {
    /// In the clock's unit.
    pub(crate) elapsed: u64,
    /// How the monitor stopped it, if it did.
    pub(crate) refused: Option<Refusal>,
    /// Whether the CPU was idle meanwhile.
    pub(crate) idle: bool,
}

/// Maps `count` numbers, zeroes at first.
///
/// # Errors
/// When the kernel has no memory for them.
pub(crate) fn map_numbers(count: usize) -> io::Result<&'static [AtomicU64]> {
    // SAFETY: zero is valid for an atomic number.
    unsafe { map(count) }
}

/// Maps memory for one `T`.
///
/// # Safety
/// Like that of [`map`].
pub(crate) unsafe fn map_one<T>() -> io::Result<&'static T> {
    // SAFETY: the caller's; the slice has one element.
    unsafe { map(1)?.first().ok_or_else(|| io::Error::other("an empty mapping")) }
}

/// Maps memory for `count` times a `T` and touches it: otherwise a page fault would be timed.
///
/// # Safety
/// All zeroes have to be a valid `T`, and all of its fields atomics.
unsafe fn map<T>(count: usize) -> io::Result<&'static [T]> {
    let size = (count * size_of::<T>()).max(1);
    // SAFETY: an anonymous shared mapping, zeroed, of that size. It is never unmapped: a guest ends with its
    // cell, and on the host the agent does.
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

/// A sample. The first slot is that of the effect: its number is in `elapsed`, and its kind is 0 until the worker
/// has looked.
#[repr(C)]
struct Slot {
    elapsed: AtomicU64,
    /// The parts of the refusal; 0 when there was none.
    kind: AtomicU32,
    number: AtomicI32,
    /// 1 when the CPU was idle meanwhile.
    idle: AtomicU64,
}

/// Slots for samples, filled one by one, and one for the effect of their operations. They are one mapping: with
/// process accounting, the kernel visits each mapping when a child that shares this memory ends, and the end may be
/// timed.
pub(crate) struct Samples {
    effect: &'static Slot,
    slots: &'static [Slot],
    /// All slots of the mapping.
    room: &'static [Slot],
}

/// The kind of an effect that stands for an error of the worker.
const ERROR: u32 = u32::MAX;

impl Samples {
    /// Maps memory for `count` samples.
    ///
    /// # Errors
    /// When the kernel has none.
    pub(crate) fn map(count: usize) -> io::Result<Self> {
        // SAFETY: a slot's fields are atomics for which zero is valid.
        let all = unsafe { map(count + 1) }?;
        let (effect, slots) = all.split_first().ok_or_else(|| io::Error::other("an empty mapping"))?;
        Ok(Self { effect, slots, room: slots })
    }

    /// The first `count` of them; `None` when there are fewer.
    pub(crate) fn first(&self, count: usize) -> Option<Samples> {
        self.slots.get(..count).map(|slots| Samples { slots, ..*self })
    }

    /// Stores the sample at `index`; nothing beyond the end.
    pub(crate) fn put(&self, index: usize, sample: Sample) {
        if let Some(slot) = self.slots.get(index) {
            slot.elapsed.store(sample.elapsed, Ordering::SeqCst);
            let (kind, number) = sample.refused.map_or((0, 0), Refusal::parts);
            slot.kind.store(kind, Ordering::SeqCst);
            slot.number.store(number, Ordering::SeqCst);
            slot.idle.store(sample.idle.into(), Ordering::SeqCst);
        }
    }

    /// Stores the effect of the operations.
    pub(crate) fn put_effect(&self, effect: Effect) {
        let (kind, number) = effect.parts();
        self.effect.elapsed.store(number, Ordering::SeqCst);
        self.effect.kind.store(kind, Ordering::SeqCst);
    }

    /// Takes the effect of the operations; `None` if the worker did not look at it.
    pub(crate) fn take_effect(&self) -> Option<Effect> {
        let kind = self.effect.kind.swap(0, Ordering::SeqCst);
        Effect::from_parts(kind, self.effect.elapsed.load(Ordering::SeqCst))
    }

    /// Stores why the worker failed, in place of samples; as much of it as there is room for.
    pub(crate) fn put_error(&self, why: &str) {
        let bytes = &why.as_bytes()[..why.len().min(8 * self.room.len())];
        for (slot, bytes) in self.room.iter().zip(bytes.chunks(8)) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            slot.elapsed.store(u64::from_ne_bytes(word), Ordering::SeqCst);
        }
        self.effect.elapsed.store(bytes.len() as u64, Ordering::SeqCst);
        self.effect.kind.store(ERROR, Ordering::SeqCst);
    }

    /// Why the worker failed, if it said so.
    pub(crate) fn take_error(&self) -> Option<String> {
        if self.effect.kind.swap(0, Ordering::SeqCst) != ERROR {
            return None;
        }
        let length = self.effect.elapsed.load(Ordering::SeqCst) as usize;
        let words = self.room.iter().map(|slot| slot.elapsed.load(Ordering::SeqCst).to_ne_bytes());
        let bytes: Vec<u8> = words.take(length.div_ceil(8)).flatten().take(length).collect();
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// All samples, in order.
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
    fn a_sample_that_was_put_is_read_back() {
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

    #[test]
    fn an_error_is_taken_once_and_cut_where_there_is_no_more_room() {
        let samples = Samples::map(3).unwrap();
        let few = samples.first(1).unwrap();
        assert_eq!(samples.take_error(), None);
        few.put_error("no room");
        assert_eq!(samples.take_error().as_deref(), Some("no room"));
        assert_eq!((samples.take_error(), samples.take_effect()), (None, None));
        few.put_error(&"x".repeat(99));
        assert_eq!(samples.take_error(), Some("x".repeat(24)));
    }

    #[test]
    fn an_effect_is_taken_once() {
        let samples = Samples::map(1).unwrap();
        assert_eq!(samples.take_effect(), None);
        samples.first(1).unwrap().put_effect(Effect::Exited(12));
        assert_eq!(samples.take_effect(), Some(Effect::Exited(12)));
        assert_eq!(samples.take_effect(), None);
    }
}
