//! The watchers of races, each at the place where its record is made.

use anyhow::Result;

use super::board::Board;
use crate::race::{RacedCall, Watcher};

mod audit;
mod bpf;
mod notify;

/// A watcher that is attached.
pub(super) trait Watch {
    /// Called once by the process that makes the calls, or whose children do.
    ///
    /// # Errors
    /// When the process cannot be confined.
    fn confine(&self) -> Result<()> {
        Ok(())
    }

    /// Called before each call, by the process that makes it.
    ///
    /// # Errors
    /// When an earlier record cannot be removed.
    fn arm(&self) -> Result<()>;

    /// The path that was recorded since; `None` if there is no record.
    ///
    /// # Errors
    /// When it cannot be read.
    fn record(&self) -> Result<Option<String>>;

    /// Whether the watcher refuses calls.
    fn may_refuse(&self) -> bool {
        false
    }
}

/// Attaches `watcher` to `call`.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn attach(watcher: Watcher, call: RacedCall, board: &'static Board) -> Result<Box<dyn Watch>> {
    Ok(match (watcher, call) {
        (Watcher::SysEnter, _) => Box::new(bpf::attach("sys_enter", call)?),
        (Watcher::SysExit, _) => Box::new(bpf::attach("sys_exit", call)?),
        (Watcher::Kprobe, RacedCall::Execve) => Box::new(bpf::attach("kprobe_execve", call)?),
        (Watcher::Kprobe, _) => Box::new(bpf::attach("kprobe_open", call)?),
        (Watcher::BpfLsm, RacedCall::Execve) => Box::new(bpf::attach("lsm_execve", call)?),
        (Watcher::BpfLsm, _) => Box::new(bpf::attach("lsm_open", call)?),
        (Watcher::Audit, _) => Box::new(audit::attach(call)?),
        (Watcher::Notify | Watcher::NotifyDeny | Watcher::NotifyAddfd, _) => {
            Box::new(notify::attach(watcher, call, board)?)
        }
    })
}
