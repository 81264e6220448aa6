//! The worker's half of the secondary clocks: around each operation it leaves in shared memory when the
//! operation was, and what perf counted. `secondary.rs` puts the results together afterwards.

use anyhow::{Context, Result};
use hookbench_probes::attach::perf_clock::{EVENTS, PerfClock};
use hookbench_probes::attach::trace_clock::TraceClock;
use hookbench_workloads::{Stopwatch, null_call};

use super::slots::{self, Slots};

/// How often a system call that does nothing is made, without a clock and with it.
pub(super) const NULL_CALLS: usize = 101;

/// Begun on the worker.
pub(crate) struct Timekeeper {
    slots: Slots,
    perf: Option<PerfClock>,
    before: [u64; EVENTS.len()],
}

impl Timekeeper {
    /// Begins to measure the calling process with `trace`, and with the perf events at the places `events` of
    /// the table.
    ///
    /// # Errors
    /// When the kernel refuses what it allowed before.
    pub(super) fn begin(
        slots: Slots,
        trace: Option<&TraceClock>,
        events: &[usize],
        in_children: bool,
    ) -> Result<Timekeeper> {
        slots.put(slots::BARE, median_null_call());
        if let Some(trace) = trace {
            trace.begin().context("failed to begin the ftrace clock")?;
        }
        slots.put(slots::NULL_BEGIN, Stopwatch::start().started_at());
        slots.put(slots::TRACED, median_null_call());
        slots.put(slots::NULL_END, Stopwatch::start().started_at());
        let perf = match events {
            [] => None,
            events => Some(PerfClock::open(events, in_children)?.0),
        };
        let mut keeper = Timekeeper { slots, perf, before: [0; EVENTS.len()] };
        keeper.calibrate()?;
        Ok(keeper)
    }

    /// Measures what perf counts between two readings, and what the readings take: medians.
    fn calibrate(&mut self) -> Result<()> {
        let mut counts = [const { Vec::new() }; EVENTS.len()];
        let mut took = Vec::new();
        for _ in 0..NULL_CALLS {
            let stopwatch = Stopwatch::start();
            self.read_before()?;
            let between = self.read_after()?;
            took.push(stopwatch.elapsed());
            between.iter().zip(&mut counts).for_each(|(count, all)| all.push(*count));
        }
        self.slots.put(slots::READING, median(took));
        let medians = counts.into_iter().map(median);
        medians.zip(slots::NOTHING..).for_each(|(median, place)| self.slots.put(place, median));
        Ok(())
    }

    fn read_before(&mut self) -> Result<()> {
        if let Some(perf) = &mut self.perf {
            perf.read(&mut self.before).context("failed to read perf's events")?;
        }
        Ok(())
    }

    fn read_after(&mut self) -> Result<[u64; EVENTS.len()]> {
        let mut after = [0; EVENTS.len()];
        if let Some(perf) = &mut self.perf {
            if perf.read(&mut after).context("failed to read perf's events")? {
                self.slots.put(slots::MULTIPLEXED, 1);
            }
            after
                .iter_mut()
                .zip(self.before)
                .for_each(|(after, before)| *after = after.saturating_sub(before));
        }
        Ok(after)
    }

    /// Called before the operation at `index`.
    ///
    /// # Errors
    /// When perf cannot be read.
    pub(crate) fn before(&mut self, index: usize) -> Result<()> {
        self.read_before()?;
        self.slots.put(slots::begin_of(index), Stopwatch::start().started_at());
        Ok(())
    }

    /// Called after it.
    ///
    /// # Errors
    /// When perf cannot be read.
    pub(crate) fn after(&mut self, index: usize) -> Result<()> {
        self.slots.put(slots::end_of(index), Stopwatch::start().started_at());
        let counts = self.read_after()?;
        counts
            .iter()
            .enumerate()
            .for_each(|(event, count)| self.slots.put(slots::count_of(index, event), *count));
        Ok(())
    }
}

fn median_null_call() -> u64 {
    median((0..NULL_CALLS).map(|_| null_call()).collect())
}

/// The median of [`NULL_CALLS`] numbers.
fn median(mut all: Vec<u64>) -> u64 {
    all.sort_unstable();
    all[all.len() / 2]
}
