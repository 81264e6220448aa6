//! Pinning: hookbench keeps each guest on one CPU of the host, the one with the
//! fewest guests. QEMU's two threads then take turns, as they hand over to each
//! other. On two CPUs they would look at each other's state half way.

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use rustix::process::Pid;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// How many guests each CPU has.
static GUESTS: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

/// The CPU of a guest. The guest no longer counts when this is dropped.
pub(super) struct PinnedCpu(usize);

impl PinnedCpu {
    /// Chooses the CPU with the fewest guests among those that this process may
    /// use. Returns `None` if the kernel does not say which those are.
    pub(super) fn choose() -> Option<PinnedCpu> {
        let allowed = allowed_cpus();
        let mut guests = GUESTS.lock().ok()?;
        let cpu = allowed.into_iter().min_by_key(|cpu| guests.get(cpu).copied().unwrap_or(0))?;
        *guests.entry(cpu).or_default() += 1;
        Some(PinnedCpu(cpu))
    }

    /// The number of the CPU.
    pub(super) fn number(&self) -> usize {
        self.0
    }

    /// Pins the calling thread: the guest's process, before it becomes QEMU.
    pub(super) fn pin_caller(&self) -> io::Result<()> {
        pin(None, self.0)
    }
}

impl Drop for PinnedCpu {
    fn drop(&mut self) {
        if let Ok(mut guests) = GUESTS.lock()
            && let Some(count) = guests.get_mut(&self.0)
        {
            *count = count.saturating_sub(1);
        }
    }
}

/// Pins `thread`, or else the calling thread, to `cpu`. Makes only system calls,
/// so a process may call it between fork and exec.
///
/// # Errors
/// When there is no such CPU, or the kernel refuses.
pub(super) fn pin(thread: Option<Pid>, cpu: usize) -> io::Result<()> {
    if cpu >= CpuSet::MAX_CPU {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let mut set = CpuSet::new();
    set.set(cpu);
    Ok(sched_setaffinity(thread, &set)?)
}

/// Returns the CPUs that this process may use.
fn allowed_cpus() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(None) else { return Vec::new() };
    (0..CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_spread_over_the_cpus() {
        let cpus = allowed_cpus().len();
        let pinned: Vec<PinnedCpu> = (0..2 * cpus).filter_map(|_| PinnedCpu::choose()).collect();
        for cpu in allowed_cpus() {
            assert_eq!(pinned.iter().filter(|pinned| pinned.0 == cpu).count(), 2);
        }
    }
    #[test]
    fn a_cpu_beyond_any_machine_is_refused() {
        let error = pin(None, CpuSet::MAX_CPU).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
