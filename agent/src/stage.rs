//! Where the agent runs, and all that differs between the three places: the channel, the clocks, how a task
//! waits for an idle CPU, the snapshot, and what may be loaded. Nothing else in the agent asks where it is.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use hookbench_model::Clock;
use hookbench_probes::Monitor;
use hookbench_probes::attach::{WORKER_PRIORITY, set_fifo};

use crate::arch;
use crate::boot::idle::Spinner;
use crate::channel::{Channel, snapshot_point};
use crate::clock;
use crate::refusal;

/// Between paced operations the CPU has to have been idle for so many rounds, two million instructions. By
/// then readers have emptied their queues and sleep.
const REST: u32 = 2_000_000 / arch::ROUND;
/// The pause where nothing says whether the CPU is idle. As a rule, readers sleep by then.
const PAUSE: Duration = Duration::from_millis(2);

/// Where the agent runs.
pub(crate) enum Stage {
    /// PID 1 of a guest under TCG, whose clock counts instructions.
    ExactGuest(Spinner),
    /// PID 1 of a guest under KVM, which the clocks of the hardware measure.
    KvmGuest(Spinner, Vec<Clock>),
    /// A child of hookbench on the host itself.
    Host(BorrowedFd<'static>, Vec<Clock>),
}

impl Stage {
    /// The guest whose kernel has this command line; `spinner` keeps its CPU busy.
    pub(crate) fn in_guest(cmdline: &str, spinner: Spinner) -> Stage {
        match clock::named_in(cmdline) {
            None => Stage::ExactGuest(spinner),
            Some(clocks) => Stage::KvmGuest(spinner, clocks),
        }
    }

    /// Where answers go.
    pub(crate) fn channel(&self) -> Channel {
        match self {
            Stage::ExactGuest(_) | Stage::KvmGuest(..) => Channel::Devices,
            Stage::Host(descriptor, _) => Channel::Descriptor(*descriptor),
        }
    }

    /// The clocks to read besides the time-stamp counter; `None` where that counts instructions.
    pub(crate) fn clocks(&self) -> Option<&[Clock]> {
        match self {
            Stage::ExactGuest(_) => None,
            Stage::KvmGuest(_, clocks) | Stage::Host(_, clocks) => Some(clocks),
        }
    }

    /// Whether other processes share the machine. It then outlives the cell, and they may make events.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(self, Stage::Host(..))
    }

    /// Why `monitor` must not be loaded here, as far as that is known before it is tried.
    pub(crate) fn refusal(&self, monitor: Monitor) -> Option<String> {
        match self {
            Stage::ExactGuest(_) | Stage::KvmGuest(..) => None,
            Stage::Host(..) => refusal::on_host(monitor),
        }
    }

    /// Stops for a snapshot if the clock is exact, and calls `first` with the number of instructions by which
    /// the clock ran on meanwhile. Under an exact clock it returns at a time that is the same for every cell.
    pub(crate) fn at_snapshot<T>(&self, first: impl FnOnce(i64) -> T) -> T {
        match self {
            Stage::ExactGuest(_) => snapshot_point::stop_and_align(first),
            // A hardware clock never leads to the same time to the instruction.
            Stage::KvmGuest(..) | Stage::Host(..) => first(0),
        }
    }

    /// Runs `first` when the monitor is attached. Under an exact clock the machine may be copied before, and the time at
    /// which this returns does not depend on `first`.
    pub(crate) fn when_attached<T>(&self, first: impl FnOnce() -> T) -> T {
        match self {
            Stage::ExactGuest(_) => snapshot_point::copy_and_align(first),
            Stage::KvmGuest(..) | Stage::Host(..) => first(),
        }
    }

    /// Waits until readers have done their work and sleep.
    pub(crate) fn rest(&self) {
        match self.spinner() {
            Some(spinner) => spinner.rest(REST),
            None => std::thread::sleep(PAUSE),
        }
    }

    /// A number that changes when the CPU was idle; `None` where nothing keeps it.
    pub(crate) fn idle_count(&self) -> Option<u64> {
        self.spinner().map(Spinner::count)
    }

    /// What knows whether the CPU is idle; `None` where nothing does.
    pub(crate) fn spinner(&self) -> Option<Spinner> {
        match self {
            Stage::ExactGuest(spinner) | Stage::KvmGuest(spinner, _) => Some(*spinner),
            Stage::Host(..) => None,
        }
    }

    /// Makes the calling process, the worker, a real-time task. On the host it may stay an ordinary one, which
    /// the secondary clocks note.
    ///
    /// # Errors
    /// When a guest's kernel refuses.
    pub(crate) fn schedule_worker(&self) -> io::Result<()> {
        match (set_fifo(0, WORKER_PRIORITY), self) {
            (Err(_), Stage::Host(..)) => Ok(()),
            (result, _) => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_whose_command_line_names_clocks_is_not_exact() {
        let spinner = Spinner::start().unwrap();
        let exact = Stage::in_guest("quiet lsm=bpf", spinner);
        assert!(matches!(exact, Stage::ExactGuest(_)) && exact.clocks().is_none());
        let kvm = Stage::in_guest("quiet hookbench.clocks=tsc,perf", spinner);
        assert!(matches!(kvm, Stage::KvmGuest(..)) && kvm.clocks() == Some(&[Clock::Tsc, Clock::Perf]));
        assert!(!exact.is_shared() && !kvm.is_shared());
        spinner.end().unwrap();
    }
}
