//! The worker: a fresh process that makes the operations. It is fresh because audit watches only tasks forked
//! after it was switched on. This file starts a worker, waits for it and ends it; what it does is in `operate.rs`.

use std::ffi::c_int;
use std::io;

use anyhow::{Context, Result, anyhow};
use hookbench_model::FailureKind;
use hookbench_probes::attach::Attached;
use hookbench_workloads::Effect;

use super::budget;
use super::operate::{self, DONE, Orders};
use super::prepared::Prepared;
use super::work::Work;
use crate::boot::idle::Spinner;
use crate::descriptors;
use crate::no_number::NoNumber;
use crate::process;
use crate::shared_memory::{Sample, Samples};

/// What a worker leaves to the agent.
pub(super) struct Finished {
    /// The timed operations.
    pub(super) samples: Vec<Sample>,
    /// What all operations left behind.
    pub(super) effect: Effect,
}

/// A worker that has made the timed operations. It has stopped, and stays until the guest ends.
pub(super) struct Worker<'a> {
    pid: libc::pid_t,
    samples: Samples,
    work: Work<'a>,
    /// What knows whether the CPU is idle.
    spinner: Option<Spinner>,
    /// Whether the machine outlives its cell.
    shared: bool,
    /// How to make it do more; `None` if it has done all.
    orders: Option<&'static Orders>,
}

/// Makes the operations in a new process, which does nothing more.
///
/// # Errors
/// When the worker fails or is killed, or the CPU is never idle.
pub(super) fn run<'a>(
    work: Work<'a>,
    prepared: &Prepared,
    attached: &mut dyn Attached,
) -> Result<Worker<'a>, NoNumber> {
    start(work, prepared, attached, None)
}

/// Makes the operations in a new process, which afterwards can make [`more`](Worker::more).
///
/// # Errors
/// Those of [`run`].
pub(super) fn run_to_continue<'a>(
    work: Work<'a>,
    prepared: &Prepared,
    attached: &mut dyn Attached,
) -> Result<Worker<'a>, NoNumber> {
    let orders = Orders::map().context("failed to map memory for the worker's orders")?;
    start(work, prepared, attached, Some(orders))
}

fn start<'a>(
    work: Work<'a>,
    prepared: &Prepared,
    attached: &mut dyn Attached,
    orders: Option<&'static Orders>,
) -> Result<Worker<'a>, NoNumber> {
    let samples = prepared.samples(work.spec.samples as usize).context("failed to map memory for samples")?;
    // SAFETY: the agent has one thread; the child never returns from here, and starts no thread.
    let pid = match unsafe { descriptors::fork_sharing() }.context("failed to start the worker")? {
        0 => operate::child(work, &samples, prepared, attached, orders),
        pid => pid,
    };
    let (spinner, shared) = (prepared.stage.spinner(), prepared.stage.is_shared());
    let worker = Worker { pid, samples, work, spinner, shared, orders };
    worker.wait_until_stopped()?;
    Ok(worker)
}

impl Worker<'_> {
    /// The name of its workload.
    pub(super) fn workload(&self) -> &str {
        &self.work.spec.workload
    }

    /// What the timed operations were.
    ///
    /// # Errors
    /// When the worker did not look at their effect.
    pub(super) fn finished(&self) -> Result<Finished, NoNumber> {
        let effect = self.samples.take_effect();
        let effect = effect.context("the worker did not look at the effect of its operations")?;
        Ok(Finished { samples: self.samples.all(), effect })
    }

    /// Has the worker make so many operations more, untimed.
    ///
    /// # Errors
    /// When it fails, or has ended.
    pub(super) fn more(&self, operations: u32) -> Result<(), NoNumber> {
        let orders = self.orders.context("this worker has done all that it had to")?;
        orders.give(operations);
        process::resume(self.pid).context("failed to resume the worker")?;
        self.wait_until_stopped()
    }

    /// Has the worker undo what its workload set up, and ends it.
    ///
    /// # Errors
    /// When that fails.
    pub(super) fn end(self) -> Result<(), NoNumber> {
        if self.orders.is_some() {
            self.more(0)?;
        }
        process::end(self.pid).context("failed to end the worker")?;
        Ok(())
    }

    /// Waits until the worker has done what it had to.
    fn wait_until_stopped(&self) -> Result<(), NoNumber> {
        let status = self.wait()?;
        let stopped = libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGSTOP;
        let done = libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == DONE && self.work.is_busy();
        if stopped || done {
            return Ok(());
        }
        let error = if libc::WIFSIGNALED(status) {
            let signal = libc::WTERMSIG(status);
            anyhow!("the worker was killed by signal {signal}; the console may say why")
        } else {
            match self.samples.take_error() {
                Some(why) => anyhow!("the worker failed: {why}"),
                None => anyhow!("the worker failed without a word (wait status {status:#x})"),
            }
        };
        Err(error.into())
    }

    /// The worker's next wait status.
    ///
    /// # Errors
    /// When the CPU is never idle from one tick of the budget to the next, while an operation waits for that.
    fn wait(&self) -> Result<c_int, NoNumber> {
        let mut status: c_int = 0;
        let mut rest = None;
        // SAFETY: `status` is ours to write.
        while unsafe { libc::waitpid(self.pid, &mut status, libc::WUNTRACED) } < 0 {
            let error = io::Error::last_os_error();
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(anyhow!(error).context("failed to wait for the worker").into());
            }
            let unfinished = self.spinner.and_then(Spinner::unfinished_rest);
            if unfinished.is_some() && unfinished == rest {
                return Err(self.starved());
            }
            rest = unfinished;
        }
        Ok(status)
    }

    /// The failure of a cell whose operations wait in vain for an idle CPU.
    fn starved(&self) -> NoNumber {
        let message = format!(
            "the CPU was not idle for 2 ms within {} s of the guest's time, so a paced operation of {} never began",
            budget::TICK.as_secs(),
            self.workload(),
        );
        NoNumber::failure(FailureKind::NeverIdle, message)
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        if self.shared {
            // The worker may have ended already.
            let _ = process::end(self.pid);
        }
    }
}
