//! A BPF program at the ticks of a software clock: perf's `cpu-clock`, a high resolution
//! timer on each CPU. For the mechanism `sampling`.

use std::fs;
use std::io;
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};

use anyhow::{Context, Result};

use super::bpf::libbpf::{self, AttachedPrograms};
use super::{AttachRequest, Attached, Error, EventCounts, Ticks, bpf, ledger};
use crate::undo::Undo;

/// How many ticks a second the kernel allows before it skips some.
const LIMIT: &str = "/proc/sys/kernel/perf_event_max_sample_rate";

const PERF_TYPE_SOFTWARE: u32 = 1;
const PERF_COUNT_SW_CPU_CLOCK: u64 = 0;
const PERF_FLAG_FD_CLOEXEC: libc::c_ulong = 8;

/// `struct perf_event_attr`, as long as its first version.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup_events: u32,
    bp_type: u32,
    config1: u64,
}

/// A program that is attached to the ticks.
struct Timer {
    programs: AttachedPrograms,
    rate: u64,
}

/// Attaches the program to `rate` ticks a second on each CPU.
///
/// # Errors
/// When the kernel refuses the clock or the program.
pub(crate) fn attach(request: &AttachRequest, rate: u64) -> Result<Box<dyn Attached>, Error> {
    ledger::try_intend(|| {
        let text = fs::read_to_string(LIMIT).with_context(|| format!("failed to read {LIMIT}"))?;
        Ok(Undo::Write { file: LIMIT.into(), text })
    })?;
    // Twice as many: the kernel counts for each tick of the scheduler, into which one
    // more of these ticks may fall than the rate says.
    fs::write(LIMIT, (2 * rate).max(100_000).to_string())
        .with_context(|| format!("failed to raise {LIMIT}"))?;
    let clocks = open_clocks(rate)?;
    let request = AttachRequest { sink: "timer", ..*request };
    let programs = libbpf::attach_one(bpf::object!("sampling"), &request, |program| {
        let mut links = Vec::new();
        for clock in &clocks {
            // The link closes its descriptor.
            let copy = clock.try_clone().map_err(libbpf_rs::Error::from)?.into_raw_fd();
            links.push(program.attach_perf_event(copy)?);
        }
        Ok(links)
    })?;
    Ok(Box::new(Timer { programs, rate }))
}

/// Opens a clock for each CPU. It does not tick before something is attached to it.
fn open_clocks(rate: u64) -> Result<Vec<OwnedFd>> {
    // SAFETY: returns a number.
    let cpus = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) };
    let attributes = Attributes {
        kind: PERF_TYPE_SOFTWARE,
        size: size_of::<Attributes>() as u32,
        config: PERF_COUNT_SW_CPU_CLOCK,
        sample_period: 1_000_000_000 / rate,
        // Disabled; attaching enables it.
        flags: 1,
        ..Attributes::default()
    };
    let open = |cpu: libc::c_long| {
        // SAFETY: `attributes` is valid for the call and as long as it says.
        let clock = unsafe {
            libc::syscall(libc::SYS_perf_event_open, &raw const attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC)
        };
        if clock < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just given us this descriptor.
        Ok(unsafe { OwnedFd::from_raw_fd(clock as i32) })
    };
    let clocks: io::Result<Vec<OwnedFd>> = (0..cpus).map(open).collect();
    clocks.with_context(|| format!("failed to open a clock of {rate} ticks a second"))
}

impl Attached for Timer {
    fn seen(&mut self) -> Result<EventCounts> {
        self.programs.seen()
    }

    fn ticks(&mut self) -> Result<Option<Ticks>> {
        Ok(Some(Ticks { made: self.programs.counters()?.ticks, rate: self.rate }))
    }

    fn detach(&mut self) -> Result<()> {
        self.programs.detach()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn the_attributes_are_those_of_the_first_version() {
        assert_eq!(size_of::<Attributes>(), 64);
    }
}
