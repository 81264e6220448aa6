//! What a worker does: it leaves the agent's descriptors, prepares the workload, makes its operations, and stops.

use std::io;
use std::os::unix::process::parent_id;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_model::Schedule;
use hookbench_model::protocol::{CellSpec, Fault};
use hookbench_probes::attach::{Attached, die_with_parent};
use hookbench_workloads::{Idle, Operation, operation_was_made, operations_follow};

use super::login;
use super::prepared::Prepared;
use super::work::Work;
use crate::clock::secondary::SecondaryClocks;
use crate::clock::timekeeper::Timekeeper;
use crate::descriptors;
use crate::shared_memory::{Sample, Samples, map_one};
use crate::stage::Stage;

/// How long [`Fault::Nap`] sleeps.
const NAP: Duration = Duration::from_millis(2);

/// What a worker has to do after the timed operations, in memory that it shares with the agent: how many operations
/// more to make. 0 makes it finish.
#[repr(C)]
pub(super) struct Orders(AtomicU32);

impl Orders {
    /// Maps memory for them.
    ///
    /// # Errors
    /// When the kernel has none.
    pub(super) fn map() -> io::Result<&'static Orders> {
        // SAFETY: an atomic, for which zero is valid.
        unsafe { map_one() }
    }

    /// What the worker finds when it continues.
    pub(super) fn give(&self, operations: u32) {
        self.0.store(operations, Ordering::SeqCst);
    }
}

/// The exit code of a worker that is done, if its behaviour is one that hookbench performs itself: to stop takes a signal,
/// which a monitor may watch or refuse.
pub(super) const DONE: i32 = 0;

/// The life of a worker. It stops when it is done. The machine ends soon; if the process exited, the cell would only
/// wait for it.
pub(super) fn child(
    work: Work,
    samples: &Samples,
    prepared: &Prepared,
    attached: &mut dyn Attached,
    orders: Option<&Orders>,
) -> ! {
    match operate(work, samples, prepared, attached, orders) {
        // SAFETY: leaves without running the agent's destructors.
        Ok(()) if work.is_busy() && orders.is_none() && !prepared.stage.is_shared() => unsafe {
            libc::_exit(DONE)
        },
        Ok(()) => stop(),
        Err(error) => samples.put_error(&format!("{error:#}")),
    }
    // SAFETY: leaves without running the agent's destructors.
    unsafe { libc::_exit(1) }
}

/// Stops this process until the agent makes it continue, if ever.
fn stop() {
    // SAFETY: only this process stops.
    unsafe {
        libc::raise(libc::SIGSTOP);
    }
}

fn operate(
    work: Work,
    samples: &Samples,
    prepared: &Prepared,
    attached: &mut dyn Attached,
    orders: Option<&Orders>,
) -> Result<()> {
    let Work { spec, workload, enforcement, warmup, trial } = work;
    let stage = &prepared.stage;
    isolate(stage)?;
    login::enter(spec)?;
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
    if !trial {
        operations_follow();
    }
    make_untimed(&mut *operation, spec, stage, warmup)?;
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
    if let Some(Orders(more)) = orders {
        stop();
        while let operations @ 1.. = more.load(Ordering::SeqCst) {
            make_untimed(&mut *operation, spec, stage, operations)?;
            stop();
        }
    }
    operation.finish().context("failed to end the workload")
}

/// Makes so many operations of which nothing is kept.
fn make_untimed(
    operation: &mut dyn Operation,
    spec: &CellSpec,
    stage: &Stage,
    operations: u32,
) -> Result<()> {
    for _ in 0..operations {
        make_once(operation, spec, stage, None)?;
        settle(operation)?;
    }
    Ok(())
}

/// Frees this process from what it inherited, and has it end with the agent on a machine that outlives both.
fn isolate(stage: &Stage) -> Result<()> {
    if stage.is_shared() {
        die_with_parent(parent_id()).context("failed to tie the worker's life to the agent's")?;
    }
    descriptors::leave().context("failed to leave the agent's descriptors")
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
    operation_was_made();
    if let Some((keeper, index)) = &mut keeper {
        keeper.after(*index)?;
    }
    let idle = stage.idle_count() != before;
    Ok(Sample { elapsed: timed.elapsed, refused: timed.refused, idle })
}

fn settle(operation: &mut dyn Operation) -> Result<()> {
    operation.settle().context("failed to restore the state after an operation")
}
