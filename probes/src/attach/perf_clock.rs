//! Perf events as a clock: what the CPU's counters and the kernel count for the calling
//! process, in user space and in the kernel separately. The events form one group, which
//! counts as a whole or not at all. Children cannot inherit a group; where they do the
//! operation, each event is opened separately.

use std::fs;
use std::io;

use anyhow::{Context, Result};
use perf_event::events::{Hardware, Software};
use perf_event::{Builder, Counter, Group, ReadFormat};

/// An event that can be counted.
pub struct PerfEvent {
    /// In words: `cycles, kernel`.
    pub what: &'static str,
    /// The unit of a sample.
    pub unit: &'static str,
    source: Source,
    side: Side,
}

enum Source {
    Hardware(Hardware),
    Software(Software),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    User,
    Kernel,
    Both,
}

const fn hardware(what: &'static str, unit: &'static str, event: Hardware, side: Side) -> PerfEvent {
    PerfEvent { what, unit, source: Source::Hardware(event), side }
}

const fn software(what: &'static str, unit: &'static str, event: Software) -> PerfEvent {
    PerfEvent { what, unit, source: Source::Software(event), side: Side::Both }
}

/// All of them, in the order in which they are tried: a PMU has few counters.
pub const EVENTS: [PerfEvent; 11] = [
    software("task clock", "ns", Software::TASK_CLOCK),
    software("context switches", "switches", Software::CONTEXT_SWITCHES),
    software("page faults", "faults", Software::PAGE_FAULTS),
    hardware("cycles, user", "core cycles", Hardware::CPU_CYCLES, Side::User),
    hardware("cycles, kernel", "core cycles", Hardware::CPU_CYCLES, Side::Kernel),
    hardware("instructions, user", "retired instructions", Hardware::INSTRUCTIONS, Side::User),
    hardware("instructions, kernel", "retired instructions", Hardware::INSTRUCTIONS, Side::Kernel),
    hardware("cache misses, user", "misses", Hardware::CACHE_MISSES, Side::User),
    hardware("cache misses, kernel", "misses", Hardware::CACHE_MISSES, Side::Kernel),
    hardware("branch misses, user", "misses", Hardware::BRANCH_MISSES, Side::User),
    hardware("branch misses, kernel", "misses", Hardware::BRANCH_MISSES, Side::Kernel),
];

impl PerfEvent {
    fn builder(&self, inherit: bool) -> Builder<'static> {
        let mut builder = match self.source {
            Source::Hardware(event) => Builder::new(event),
            Source::Software(event) => Builder::new(event),
        };
        builder.exclude_user(self.side == Side::Kernel).exclude_kernel(self.side == Side::User);
        if inherit {
            builder.inherit(true);
            builder.read_format(ReadFormat::TOTAL_TIME_ENABLED | ReadFormat::TOTAL_TIME_RUNNING);
        }
        builder
    }
}

/// Open events of the calling process.
pub struct PerfClock {
    group: Option<Group>,
    counters: Vec<(usize, Counter)>,
}

/// Events that could not be opened, by their places in [`EVENTS`], each with the reason.
pub type MissingEvents = Vec<(usize, String)>;

impl PerfClock {
    /// Opens the events `wanted`, by their places in [`EVENTS`], as far as possible, and
    /// starts to count.
    ///
    /// # Errors
    /// When not even a group without an event can be opened.
    pub fn open(wanted: &[usize], in_children: bool) -> Result<(PerfClock, MissingEvents)> {
        let mut group = match in_children {
            true => None,
            false => Some(Group::new().context("failed to open a group of perf events")?),
        };
        let (mut counters, mut missing) = (Vec::new(), Vec::new());
        for (place, event) in EVENTS.iter().enumerate().filter(|(place, _)| wanted.contains(place)) {
            let builder = event.builder(in_children);
            let opened = match &mut group {
                Some(group) => group.add(&builder),
                None => builder.build(),
            };
            match opened {
                Ok(counter) => counters.push((place, counter)),
                Err(error) => missing.push((place, reason(&error))),
            }
        }
        let mut clock = PerfClock { group, counters };
        clock.enable().context("failed to switch perf events on")?;
        Ok((clock, missing))
    }

    fn enable(&mut self) -> io::Result<()> {
        match &mut self.group {
            Some(group) => group.enable(),
            None => self.counters.iter_mut().try_for_each(|(_, counter)| counter.enable()),
        }
    }

    /// Reads the counts so far into the events' places. Returns whether an event was not
    /// counted all the time because others used the counters.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn read(&mut self, counts: &mut [u64; EVENTS.len()]) -> io::Result<bool> {
        let Some(group) = &mut self.group else {
            let mut shared = false;
            for (place, counter) in &mut self.counters {
                let data = counter.read_full()?;
                counts[*place] = data.count();
                shared |= data.time_running() != data.time_enabled();
            }
            return Ok(shared);
        };
        let data = group.read()?;
        for (place, counter) in &self.counters {
            counts[*place] = data.get(counter).map_or(0, |entry| entry.value());
        }
        Ok(data.time_running() != data.time_enabled())
    }
}

/// Tries each event. Returns which can be opened in one group, and why others cannot.
///
/// # Errors
/// As [`PerfClock::open`].
pub fn probe() -> Result<(Vec<usize>, MissingEvents)> {
    let all: Vec<usize> = (0..EVENTS.len()).collect();
    let (clock, missing) = PerfClock::open(&all, false)?;
    Ok((clock.counters.iter().map(|(place, _)| *place).collect(), missing))
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::EOPNOTSUPP | libc::ENODEV) => {
            "this machine's CPU or its hypervisor has no such counter".into()
        }
        Some(libc::EACCES | libc::EPERM) => {
            let level = fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").unwrap_or_default();
            format!("kernel.perf_event_paranoid is {}; it needs CAP_PERFMON or a lower level", level.trim())
        }
        Some(libc::EINVAL) => "no counter is left".into(),
        _ => error.to_string(),
    }
}
