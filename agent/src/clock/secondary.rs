//! The agent's half of the secondary clocks: which of those that were asked for can be had, and what they
//! measured. The worker's half, around each operation, is in `timekeeper.rs`.

use anyhow::{Context, Result};
use hookbench_model::protocol::CellSpec;
use hookbench_model::{Clock, ClockSamples};
use hookbench_probes::attach::perf_clock::{self, EVENTS};
use hookbench_probes::attach::trace_clock::TraceClock;
use hookbench_probes::attach::{Error, WORKER_PRIORITY, set_fifo, set_ordinary};
use hookbench_probes::kernel_text::TracedCall;
use hookbench_workloads::NULL_CALL;

use super::slots::{self, Slots};
use super::timekeeper::{NULL_CALLS, Timekeeper};

/// The clocks that were asked for and can be had.
pub(crate) struct SecondaryClocks {
    trace: Option<TraceClock>,
    /// The system calls that are timed.
    calls: &'static [u32],
    /// The perf events that can be opened, by their place in the table.
    events: Vec<usize>,
    in_children: bool,
    slots: Slots,
    /// Why a clock, or a part of one, is missing, and what else a reader has to know.
    pub(crate) notes: Vec<String>,
}

impl SecondaryClocks {
    /// Prepares `clocks` for the operations of the cell `spec`. A clock that this kernel cannot have becomes
    /// a note.
    ///
    /// # Errors
    /// When a clock should work and does not.
    pub(crate) fn prepare(spec: &CellSpec, clocks: &[Clock]) -> Result<SecondaryClocks> {
        let workload = hookbench_workloads::find(&spec.workload);
        let way = workload.and_then(|workload| workload.way(&spec.params));
        let name = &spec.workload;
        let facts =
            way.with_context(|| format!("the agent has no workload {name}[{}]", spec.params))?.facts();
        let operations = spec.samples as usize;
        let mut prepared = SecondaryClocks {
            trace: None,
            calls: facts.calls,
            events: Vec::new(),
            in_children: facts.in_children,
            slots: Slots::map(operations).context("failed to map memory for clocks")?,
            notes: Vec::new(),
        };
        if let Err(error) = set_fifo(0, WORKER_PRIORITY).and_then(|()| set_ordinary(0)) {
            let why = format!("the worker is not a real-time task, so other tasks may interrupt it: {error}");
            prepared.notes.push(why);
        }
        if clocks.contains(&Clock::Ftrace) {
            prepared.prepare_trace(operations)?;
        }
        if clocks.contains(&Clock::Perf) {
            prepared.prepare_perf();
        }
        Ok(prepared)
    }

    fn prepare_trace(&mut self, operations: usize) -> Result<()> {
        if self.calls.is_empty() {
            self.notes.push("no ftrace clock: the timed operation is more than one system call".into());
            return Ok(());
        }
        let calls = [self.calls, &[NULL_CALL]].concat();
        match TraceClock::prepare(&calls, operations + NULL_CALLS) {
            Ok(trace) => self.trace = Some(trace),
            Err(Error::Unsupported(why)) => self.notes.push(format!("no ftrace clock: {why}")),
            Err(Error::Failed(error)) => return Err(error.context("failed to prepare the ftrace clock")),
        }
        Ok(())
    }

    fn prepare_perf(&mut self) {
        match perf_clock::probe() {
            Ok((found, missing)) => {
                self.events = found;
                let note = |(place, why): &(usize, String)| format!("no {}: {why}", EVENTS[*place].what);
                self.notes.extend(missing.iter().map(note));
            }
            Err(error) => self.notes.push(format!("no perf clock: {error:#}")),
        }
    }

    /// Begins to measure the calling process, the worker.
    ///
    /// # Errors
    /// When the kernel refuses what it allowed before.
    pub(crate) fn begin(&self) -> Result<Timekeeper> {
        Timekeeper::begin(self.slots, self.trace.as_ref(), &self.events, self.in_children)
    }

    /// What the clocks measured of so many operations, once the worker is done. Adds to the notes what a
    /// reader has to know of it.
    ///
    /// # Errors
    /// When the trace cannot be read.
    pub(crate) fn samples(&mut self, operations: usize) -> Result<Vec<ClockSamples>> {
        let mut all = Vec::new();
        if let Some(trace) = self.trace.take() {
            all.push(self.traced(&trace, operations)?);
        }
        if self.slots.get(slots::MULTIPLEXED) != 0 {
            let why =
                "perf's events took turns on the CPU's counters (multiplexing): their counts miss parts";
            self.notes.push(why.into());
        }
        all.extend(self.events.iter().map(|&event| self.counted(event, operations)));
        if !all.is_empty() {
            self.notes.push("the first clock's samples include the cost of the other clocks".into());
        }
        Ok(all)
    }

    fn traced(&self, trace: &TraceClock, operations: usize) -> Result<ClockSamples> {
        let (calls, lost) = trace.calls()?;
        let within = |begin: usize, end: usize, numbers: &[u32]| -> Vec<u64> {
            let (begin, end) = (self.slots.get(begin), self.slots.get(end));
            let inside = |call: &&TracedCall| {
                numbers.contains(&call.number) && begin <= call.entered && call.left <= end
            };
            calls.iter().filter(inside).map(|call| call.left - call.entered).collect()
        };
        let operation = |index| within(slots::begin_of(index), slots::end_of(index), self.calls).iter().sum();
        let mut null = within(slots::NULL_BEGIN, slots::NULL_END, &[NULL_CALL]);
        null.sort_unstable();
        Ok(ClockSamples {
            clock: Clock::Ftrace,
            what: String::new(),
            unit: Clock::Ftrace.unit().into(),
            samples: (0..operations).map(operation).collect(),
            zero_is_missed: true,
            calibration: null.get(null.len() / 2).copied().unwrap_or(0),
            cost: Some(self.slots.get(slots::TRACED) as i64 - self.slots.get(slots::BARE) as i64),
            lost,
        })
    }

    fn counted(&self, event: usize, operations: usize) -> ClockSamples {
        ClockSamples {
            clock: Clock::Perf,
            what: EVENTS[event].what.into(),
            unit: EVENTS[event].unit.into(),
            samples: (0..operations).map(|index| self.slots.get(slots::count_of(index, event))).collect(),
            zero_is_missed: false,
            calibration: self.slots.get(slots::NOTHING + event),
            // Read before and after the first clock: it is not in that clock's samples.
            cost: Some(self.slots.get(slots::READING) as i64),
            lost: 0,
        }
    }
}
