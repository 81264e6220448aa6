//! Races between check and use: a guest for each. An exact sweep needs a kernel that preempts itself, so that a timer
//! can interrupt a call as another CPU would.

use anyhow::{Context, Result};
use hookbench_model::Cell;
use hookbench_scenarios::Need;
use hookbench_scenarios::race::{Attack, Means, RACE, RaceAnswer, RaceOrder, Watcher};

use super::ScenarioSession;
use super::cell::{Ended, cell_for};
use super::session::Guest;

/// The word on the boot line by which a kernel preempts itself, where it can choose (PREEMPT_DYNAMIC).
const PREEMPT: &str = "preempt=full";

/// How a race ended, and how the kernel preempted itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raced {
    /// What the guest found out.
    pub answer: RaceAnswer,
    /// Whether the kernel preempted itself in calls.
    pub is_preemptible: bool,
}

impl ScenarioSession {
    /// Runs the race on `kernel`.
    pub fn race(&self, kernel: &str, order: &RaceOrder) -> Ended<Raced> {
        self.try_race(kernel, order).unwrap_or_else(|error| Ended::prevented(&error))
    }

    fn try_race(&self, kernel: &str, order: &RaceOrder) -> Result<Ended<Raced>> {
        let can_choose = match self.kernel(kernel) {
            Ok(kernel) => kernel.config_has("CONFIG_PREEMPT_DYNAMIC", 'y')? == Some(true),
            // The guest says why it cannot have the kernel.
            Err(_) => false,
        };
        let is_preemptible = can_choose && matches!(order.attack, Attack::Sweep { .. });
        let words: &[&str] = if is_preemptible { &[PREEMPT] } else { &[] };
        let modules: &[Need] = match order.attack {
            Attack::SlowPage { means: Means::Fuse, .. } => &[Need::Loaded("fuse")],
            _ => &[],
        };
        let boots_as = boots_as(kernel, order)?;
        let guest = Guest { boots_as: &boots_as, words, modules, policies: &[] };
        Ok(match self.ask_guest(&guest, &[RACE], order).context("failed to run a race")? {
            Ended::Done(RaceAnswer::Unsupported(why)) | Ended::Unsupported(why) => Ended::Unsupported(why),
            Ended::Done(answer) => Ended::Done(Raced { answer, is_preemptible }),
            Ended::Failed(failure) => Ended::Failed(failure),
        })
    }
}

/// A cell whose guest has what the watcher requires.
fn boots_as(kernel: &str, order: &RaceOrder) -> Result<Cell> {
    let monitor = match order.watcher {
        _ if order.policy.is_some() => "bpf-lsm+ringbuf",
        Watcher::SysEnter | Watcher::SysExit => "raw-tracepoint+ringbuf",
        Watcher::Kprobe => "kprobe+ringbuf",
        Watcher::BpfLsm => "bpf-lsm+ringbuf",
        Watcher::Audit => "audit+reader",
        Watcher::Notify | Watcher::NotifyDeny | Watcher::NotifyAddfd => "seccomp+notify",
    };
    cell_for(kernel, monitor)
}
