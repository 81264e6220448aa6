//! The worker: a fresh process that makes the operations. It is fresh because audit watches only tasks forked
//! after it was switched on. It closes the agent's descriptors because an execve copies and closes each of
//! them.

use std::ffi::c_int;
use std::io;
use std::os::unix::process::parent_id;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hookbench_model::protocol::{CellSpec, Fault};
use hookbench_model::{Enforcement, Schedule};
use hookbench_probes::attach::{Attached, die_with_parent};
use hookbench_workloads::{Effect, Idle, Operation, Workload};

use super::prepared::Prepared;
use crate::clock::secondary::SecondaryClocks;
use crate::clock::timekeeper::Timekeeper;
use crate::process;
use crate::shared_memory::{Sample, Samples};
use crate::stage::Stage;

/// How long [`Fault::Nap`] sleeps.
const NAP: Duration = Duration::from_millis(2);

/// What a worker has to do.
#[derive(Clone, Copy)]
pub(super) struct Work<'a> {
    /// The cell.
    pub(super) spec: &'a CellSpec,
    /// Its workload.
    pub(super) workload: &'a dyn Workload,
    /// What the monitor does with the operations.
    pub(super) enforcement: Enforcement,
    /// The number of untimed operations before the timed ones.
    pub(super) warmup: u32,
}

impl Work<'_> {
    /// How many operations are made, the untimed ones included.
    pub(super) fn operations(&self) -> u64 {
        u64::from(self.warmup) + u64::from(self.spec.samples)
    }
}

/// What a worker leaves to the agent.
pub(super) struct Finished {
    /// The timed operations.
    pub(super) samples: Vec<Sample>,
    /// What all operations left behind.
    pub(super) effect: Effect,
}

/// Makes the operations in a new process.
///
/// # Errors
/// When the worker fails or is killed.
pub(super) fn run(work: Work, prepared: &Prepared, attached: &mut dyn Attached) -> Result<Finished> {
    let samples = prepared.samples(work.spec.samples as usize)?;
    // SAFETY: the agent has one thread; the child never returns from here.
    let pid = match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()).context("failed to start the worker"),
        0 => child(|| operate(work, &samples, prepared, attached)),
        pid => pid,
    };
    let _end = prepared.stage.is_shared().then(|| End(pid));
    let mut status: c_int = 0;
    // SAFETY: `status` is ours to write.
    if unsafe { libc::waitpid(pid, &mut status, libc::WUNTRACED) } < 0 {
        return Err(io::Error::last_os_error()).context("failed to wait for the worker");
    }
    if libc::WIFSIGNALED(status) {
        bail!("the worker was killed by signal {}; the console may say why", libc::WTERMSIG(status));
    }
    if !(libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGSTOP) {
        bail!("the worker failed (wait status {status:#x}); its error is on the console");
    }
    let effect = samples.take_effect().context("the worker did not look at the effect of its operations")?;
    Ok(Finished { samples: samples.all(), effect })
}

/// Ends a worker on a machine that outlives its cell.
struct End(libc::pid_t);

impl Drop for End {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = process::end(self.0);
    }
}

/// Stops this process when it is done. The machine ends soon; if the process exited, the cell would only wait
/// for it.
fn child(operate: impl FnOnce() -> Result<()>) -> ! {
    match operate() {
        // SAFETY: only this process stops; nothing makes it continue.
        Ok(()) => unsafe {
            libc::raise(libc::SIGSTOP);
        },
        Err(error) => eprintln!("hookbench: worker: {error:#}"),
    }
    // SAFETY: leaves without running the agent's destructors.
    unsafe { libc::_exit(1) }
}

fn operate(work: Work, samples: &Samples, prepared: &Prepared, attached: &mut dyn Attached) -> Result<()> {
    let Work { spec, workload, enforcement, warmup } = work;
    let stage = &prepared.stage;
    isolate(stage)?;
    if spec.fault == Some(Fault::OutOfMemory) {
        exhaust();
    }
    let mut operation =
        workload.prepare(&spec.params, enforcement).context("failed to prepare the workload")?;
    if spec.fault == Some(Fault::IdleWorkload) {
        operation = Box::new(Idle::new(operation));
    }
    stage.schedule_worker().context("failed to become a real-time task")?;
    attached.enter().with_context(|| format!("failed to put {} on the worker", spec.monitor))?;
    let mut keeper = prepared.secondary.as_ref().map(SecondaryClocks::begin).transpose()?;
    for _ in 0..warmup {
        make_once(&mut *operation, spec, stage, None)?;
        settle(&mut *operation)?;
    }
    if spec.fault == Some(Fault::First) {
        stage.channel().end();
    }
    for index in 0..spec.samples {
        let keeper = keeper.as_mut().map(|keeper| (keeper, index as usize));
        let sample = make_once(&mut *operation, spec, stage, keeper)?;
        if index + 1 == spec.samples {
            samples.put_effect(operation.effect().context("failed to look at the effect of the operations")?);
        }
        settle(&mut *operation)?;
        samples.put(index as usize, sample);
    }
    operation.finish().context("failed to end the workload")
}

/// Frees this process from what it inherited, and has it end with the agent on a machine that outlives both.
fn isolate(stage: &Stage) -> Result<()> {
    if stage.is_shared() {
        die_with_parent(parent_id()).context("failed to tie the worker's life to the agent's")?;
    }
    // SAFETY: closes descriptors of this process, which uses none of them.
    if unsafe { libc::close_range(3, u32::MAX, 0) } != 0 {
        return Err(io::Error::last_os_error()).context("failed to close inherited descriptors");
    }
    Ok(())
}

/// Takes memory, and touches it, until the kernel kills this process.
fn exhaust() {
    loop {
        std::hint::black_box(vec![1u8; 1 << 20].leak());
    }
}

/// Makes one operation, with what comes before it. Only `run_once` is timed.
fn make_once(
    operation: &mut dyn Operation,
    spec: &CellSpec,
    stage: &Stage,
    mut keeper: Option<(&mut Timekeeper, usize)>,
) -> Result<Sample> {
    operation.arm().context("failed to prepare an operation")?;
    if spec.schedule == Schedule::Paced {
        stage.rest();
    }
    let before = stage.idle_count();
    if spec.fault == Some(Fault::Nap) {
        std::thread::sleep(NAP);
    }
    if let Some((keeper, index)) = &mut keeper {
        keeper.before(*index)?;
    }
    let timed = operation.run_once().context("failed to perform an operation")?;
    if let Some((keeper, index)) = &mut keeper {
        keeper.after(*index)?;
    }
    let idle = stage.idle_count() != before;
    Ok(Sample { elapsed: timed.elapsed, refused: timed.refused, idle })
}

fn settle(operation: &mut dyn Operation) -> Result<()> {
    operation.settle().context("failed to restore the state after an operation")
}
