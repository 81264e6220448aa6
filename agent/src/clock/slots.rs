//! Shared memory in which the worker leaves what the secondary clocks measured: first some numbers that are
//! written once, then a row for each operation.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use hookbench_probes::attach::perf_clock::EVENTS;

use crate::shared_memory;

/// What a system call that does nothing took before the trace was on: a median.
pub(super) const BARE: usize = 0;
/// What it took with the trace.
pub(super) const TRACED: usize = 1;
/// What reading perf's events took: a median.
pub(super) const READING: usize = 2;
/// When the calls with the trace began.
pub(super) const NULL_BEGIN: usize = 3;
/// When they ended.
pub(super) const NULL_END: usize = 4;
/// 1 if perf's events took turns on the CPU's counters.
pub(super) const MULTIPLEXED: usize = 5;
/// From here on, what each event counted between two readings with nothing in between: medians.
pub(super) const NOTHING: usize = 6;
/// The numbers before the first row.
const HEAD: usize = NOTHING + EVENTS.len();
/// The numbers of a row: begin, end, events.
const ROW: usize = 2 + EVENTS.len();

/// The memory.
#[derive(Clone, Copy)]
pub(super) struct Slots(&'static [AtomicU64]);

impl Slots {
    /// Maps memory for so many operations.
    pub(super) fn map(operations: usize) -> io::Result<Slots> {
        Ok(Slots(shared_memory::map_numbers(HEAD + operations * ROW)?))
    }

    /// Stores a number; nothing beyond the end.
    pub(super) fn put(self, place: usize, value: u64) {
        if let Some(slot) = self.0.get(place) {
            slot.store(value, Ordering::SeqCst);
        }
    }

    /// The number at `place`; 0 beyond the end.
    pub(super) fn get(self, place: usize) -> u64 {
        self.0.get(place).map_or(0, |slot| slot.load(Ordering::SeqCst))
    }
}

/// Where the operation at `index` leaves when it began.
pub(super) const fn begin_of(index: usize) -> usize {
    HEAD + index * ROW
}

/// Where it leaves when it ended.
pub(super) const fn end_of(index: usize) -> usize {
    begin_of(index) + 1
}

/// Where it leaves what the event at `event` counted.
pub(super) const fn count_of(index: usize, event: usize) -> usize {
    begin_of(index) + 2 + event
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_numbers_share_a_place() {
        let slots = Slots::map(2).unwrap();
        let rows = (0..2).flat_map(|index| {
            let counts = (0..EVENTS.len()).map(move |event| count_of(index, event));
            [begin_of(index), end_of(index)].into_iter().chain(counts)
        });
        let places: Vec<usize> = (0..NOTHING + EVENTS.len()).chain(rows).collect();
        places.iter().for_each(|&place| slots.put(place, place as u64 + 1));
        assert!(places.iter().all(|&place| slots.get(place) == place as u64 + 1), "{places:?}");
        assert_eq!(slots.get(places.len()), 0);
    }
}
