//! Other clocks beside the time-stamp counter, for the same operations: the kernel's
//! trace of system calls, and events of perf. Around each operation the worker leaves
//! in shared memory when it was and what was counted; what came of it is put together
//! here afterwards. A guest with the exact clock has none of it; to one under KVM the boot
//! line says which clocks.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, anyhow};
use hookbench_model::protocol::{CLOCKS_WORD, CellSpec};
use hookbench_model::{Clock, ClockSamples};
use hookbench_probes::attach::perf_clock::{self, EVENTS, PerfClock};
use hookbench_probes::attach::trace_clock::TraceClock;
use hookbench_probes::attach::{Error, WORKER_PRIORITY, set_fifo, set_ordinary};
use hookbench_workloads::{NULL_CALL, Stopwatch, null_call};

use crate::shared;

/// So often is a system call made that does nothing, without a clock and with it.
const NULL_CALLS: usize = 101;
/// What is left behind once: what the call took without and with the trace, what
/// reading perf took, when calibration began and ended, whether perf was multiplexed,
/// and then what each event counted between two readings.
const HEAD: usize = NOTHING + EVENTS.len();
/// What is left behind of each operation: begin, end, events.
const ROW: usize = 2 + EVENTS.len();
const BARE: usize = 0;
const TRACED: usize = 1;
const READING: usize = 2;
const NULL_BEGIN: usize = 3;
const NULL_END: usize = 4;
const MULTIPLEXED: usize = 5;
const NOTHING: usize = 6;

/// The clocks that the kernel's command line asks for; `None` where the clock is exact.
pub(crate) fn asked(cmdline: &str) -> Option<Vec<Clock>> {
    let clocks = cmdline.split_ascii_whitespace().find_map(|word| word.strip_prefix(CLOCKS_WORD))?;
    Some(clocks.split(',').filter_map(|clock| clock.parse().ok()).collect())
}

/// The clocks that were asked for and can be had.
pub(crate) struct Beside {
    trace: Option<TraceClock>,
    calls: &'static [u32],
    /// The events that can be opened, by their place in the table.
    perf: Vec<usize>,
    in_children: bool,
    slots: &'static [AtomicU64],
    /// Why a clock, or a part of one, is not there.
    pub(crate) notes: Vec<String>,
}

impl Beside {
    /// Prepares `clocks` for the operations of the cell `spec`.
    ///
    /// # Errors
    /// When one of them should be there and is not.
    pub(crate) fn prepare(spec: &CellSpec, clocks: &[Clock]) -> Result<Beside> {
        let workload = hookbench_workloads::find(&spec.workload);
        let info = workload.ok_or_else(|| anyhow!("the agent has no workload {:?}", spec.workload))?.info();
        let number = spec.samples as usize;
        let mut beside = Beside {
            trace: None,
            calls: info.calls,
            perf: Vec::new(),
            in_children: info.in_children,
            slots: shared::words(HEAD + number * ROW).context("failed to map memory for clocks")?,
            notes: Vec::new(),
        };
        if let Err(error) = set_fifo(0, WORKER_PRIORITY).and_then(|()| set_ordinary(0)) {
            let why = format!("the worker is no real-time task, so that others may interrupt it: {error}");
            beside.notes.push(why);
        }
        if clocks.contains(&Clock::Ftrace) {
            beside.prepare_trace(number)?;
        }
        if clocks.contains(&Clock::Perf) {
            beside.prepare_perf();
        }
        Ok(beside)
    }

    fn prepare_trace(&mut self, number: usize) -> Result<()> {
        if self.calls.is_empty() {
            self.notes.push("no ftrace clock: what is timed is more than one system call".into());
            return Ok(());
        }
        let calls = [self.calls, &[NULL_CALL]].concat();
        match TraceClock::prepare(&calls, number + NULL_CALLS) {
            Ok(trace) => self.trace = Some(trace),
            Err(Error::Unsupported(why)) => self.notes.push(format!("no ftrace clock: {why}")),
            Err(Error::Failed(error)) => return Err(error.context("failed to prepare the ftrace clock")),
        }
        Ok(())
    }

    fn prepare_perf(&mut self) {
        match perf_clock::probe() {
            Ok((found, missing)) => {
                self.perf = found;
                let of = |(place, why): &(usize, String)| format!("no {}: {why}", EVENTS[*place].what);
                self.notes.extend(missing.iter().map(of));
            }
            Err(error) => self.notes.push(format!("no perf clock: {error:#}")),
        }
    }

    /// Begins to measure the calling process, the worker.
    ///
    /// # Errors
    /// When the kernel refuses what it allowed before.
    pub(crate) fn begin(&self) -> Result<Timekeeper<'_>> {
        self.put(BARE, median_null_call());
        if let Some(trace) = &self.trace {
            trace.begin().context("failed to begin the ftrace clock")?;
        }
        self.put(NULL_BEGIN, Stopwatch::start().begun());
        self.put(TRACED, median_null_call());
        self.put(NULL_END, Stopwatch::start().begun());
        let perf = match &self.perf[..] {
            [] => None,
            found => Some(PerfClock::open(found, self.in_children)?.0),
        };
        let mut keeper = Timekeeper { beside: self, perf, before: [0; EVENTS.len()] };
        keeper.calibrate()?;
        Ok(keeper)
    }

    fn put(&self, place: usize, value: u64) {
        if let Some(slot) = self.slots.get(place) {
            slot.store(value, Ordering::SeqCst);
        }
    }

    fn get(&self, place: usize) -> u64 {
        self.slots.get(place).map_or(0, |slot| slot.load(Ordering::SeqCst))
    }

    /// What the clocks measured of so many operations, once the worker is done; adds
    /// what is to be said of them to the notes.
    ///
    /// # Errors
    /// When the trace cannot be read.
    pub(crate) fn samples(&mut self, operations: usize) -> Result<Vec<ClockSamples>> {
        let mut all = Vec::new();
        if let Some(trace) = self.trace.take() {
            all.push(self.traced(&trace, operations)?);
        }
        if self.get(MULTIPLEXED) != 0 {
            let why =
                "perf's events took turns on the CPU's counters (multiplexing): their counts miss parts";
            self.notes.push(why.into());
        }
        all.extend(self.perf.iter().map(|&event| self.counted(event, operations)));
        if !all.is_empty() {
            self.notes.push("the first clock's samples have in them what the other clocks cost".into());
        }
        Ok(all)
    }

    fn traced(&self, trace: &TraceClock, operations: usize) -> Result<ClockSamples> {
        let (calls, lost) = trace.calls()?;
        let within = |begin: u64, end: u64, number: &[u32]| -> Vec<u64> {
            let inside = |call: &&hookbench_probes::said::TracedCall| {
                number.contains(&call.number) && begin <= call.entered && call.left <= end
            };
            calls.iter().filter(inside).map(|call| call.left - call.entered).collect()
        };
        let of = |index: usize| {
            let row = HEAD + index * ROW;
            within(self.get(row), self.get(row + 1), self.calls).iter().sum()
        };
        let mut null = within(self.get(NULL_BEGIN), self.get(NULL_END), &[NULL_CALL]);
        null.sort_unstable();
        Ok(ClockSamples {
            clock: Clock::Ftrace,
            what: String::new(),
            unit: Clock::Ftrace.unit().into(),
            samples: (0..operations).map(of).collect(),
            zero_is_missed: true,
            calibration: null.get(null.len() / 2).copied().unwrap_or(0),
            cost: Some(self.get(TRACED) as i64 - self.get(BARE) as i64),
            lost,
        })
    }

    fn counted(&self, event: usize, operations: usize) -> ClockSamples {
        ClockSamples {
            clock: Clock::Perf,
            what: EVENTS[event].what.into(),
            unit: EVENTS[event].unit.into(),
            samples: (0..operations).map(|index| self.get(HEAD + index * ROW + 2 + event)).collect(),
            zero_is_missed: false,
            calibration: self.get(NOTHING + event),
            // Read before and after the first clock: it is not in its samples.
            cost: Some(self.get(READING) as i64),
            lost: 0,
        }
    }
}

fn median_null_call() -> u64 {
    let mut all: Vec<u64> = (0..NULL_CALLS).map(|_| null_call()).collect();
    all.sort_unstable();
    all[NULL_CALLS / 2]
}

/// The worker's half: around each operation.
pub(crate) struct Timekeeper<'a> {
    beside: &'a Beside,
    perf: Option<PerfClock>,
    before: [u64; EVENTS.len()],
}

impl Timekeeper<'_> {
    /// What perf counts between two readings, and what those take: medians.
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
        let median = |all: &mut Vec<u64>| {
            all.sort_unstable();
            all[all.len() / 2]
        };
        self.beside.put(READING, median(&mut took));
        counts.iter_mut().zip(NOTHING..).for_each(|(all, place)| self.beside.put(place, median(all)));
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
                self.beside.put(MULTIPLEXED, 1);
            }
            after
                .iter_mut()
                .zip(self.before)
                .for_each(|(after, before)| *after = after.saturating_sub(before));
        }
        Ok(after)
    }

    /// Before the operation at `index`.
    pub(crate) fn before(&mut self, index: usize) -> Result<()> {
        self.read_before()?;
        self.beside.put(HEAD + index * ROW, Stopwatch::start().begun());
        Ok(())
    }

    /// After it.
    pub(crate) fn after(&mut self, index: usize) -> Result<()> {
        let row = HEAD + index * ROW;
        self.beside.put(row + 1, Stopwatch::start().begun());
        let counts = self.read_after()?;
        counts.iter().zip(row + 2..).for_each(|(count, place)| self.beside.put(place, *count));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_boot_line_with_clocks_asks_for_some() {
        let line = "quiet hookbench.clocks=tsc,perf,ftrace lsm=bpf";
        assert_eq!(asked(line), Some(vec![Clock::Tsc, Clock::Perf, Clock::Ftrace]));
        assert_eq!(asked("quiet tsc=reliable"), None);
    }
}
