//! The worker: a fresh process that makes the operations. Fresh, because audit
//! watches only tasks forked after it was switched on; without the agent's
//! descriptors, because an execve copies and closes each of them.

use std::ffi::c_int;
use std::io;
use std::os::unix::process::parent_id;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hookbench_model::protocol::{CellSpec, Fault};
use hookbench_model::{Enforcement, Schedule};
use hookbench_probes::attach::{Attached, WORKER_PRIORITY, die_with, set_fifo};
use hookbench_workloads::{Operation, Workload};

use crate::beside::{Beside, Timekeeper};
use crate::idle::{ROUND, Spinner};
use crate::ports;
use crate::prepared::Prepared;
use crate::shared::{Sample, Samples};

/// Between paced operations the CPU has to have been idle for so many rounds, two
/// million instructions: readers have then emptied their queues and sleep.
const REST: u32 = 2_000_000 / ROUND;
/// The same where nothing says whether the CPU is idle: readers are then, as a rule.
const PAUSE: Duration = Duration::from_millis(2);
/// What [`Fault::Nap`] sleeps.
const NAP: Duration = Duration::from_millis(2);

/// What a worker has to do.
#[derive(Clone, Copy)]
pub(crate) struct Work<'a> {
    pub(crate) spec: &'a CellSpec,
    pub(crate) workload: &'a dyn Workload,
    /// What the monitor does with the operations.
    pub(crate) enforcement: Enforcement,
    /// So many operations come before those that are timed.
    pub(crate) warmup: u32,
}

/// Runs the operations in a process of their own.
pub(crate) fn run(work: Work, prepared: &Prepared, attached: &mut dyn Attached) -> Result<Vec<Sample>> {
    let Work { spec, .. } = work;
    let samples = prepared.samples(spec.samples as usize)?;
    // SAFETY: the agent has one thread; the child never returns from here.
    let pid = match unsafe { libc::fork() } {
        -1 => return Err(io::Error::last_os_error()).context("failed to start the worker"),
        0 => child(|| operate(work, &samples, prepared, attached)),
        pid => pid,
    };
    let _end = prepared.of_others.then(|| End(pid));
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
    Ok(samples.all())
}

/// Ends a worker that would stay, on a machine that does not end with its cell.
struct End(libc::pid_t);

impl Drop for End {
    fn drop(&mut self) {
        // SAFETY: `0` is our child, stopped or ended.
        unsafe {
            libc::kill(self.0, libc::SIGKILL);
            libc::waitpid(self.0, std::ptr::null_mut(), 0);
        }
    }
}

/// Stops when it is done: the machine ends soon, and taking the process down
/// before would only be waited for.
fn child(operate: impl FnOnce() -> Result<()>) -> ! {
    match operate() {
        // SAFETY: only this process stops; nobody makes it go on.
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
    let spinner = prepared.spinner;
    if prepared.of_others {
        die_with(parent_id()).context("failed to be ended with the agent")?;
    }
    // SAFETY: closes descriptors of this process, which uses none of them.
    if unsafe { libc::close_range(3, u32::MAX, 0) } != 0 {
        return Err(io::Error::last_os_error()).context("failed to close inherited descriptors");
    }
    if spec.fault == Some(Fault::OutOfMemory) {
        exhaust();
    }
    let mut operation =
        workload.prepare(&spec.params, enforcement).context("failed to prepare the workload")?;
    match set_fifo(0, WORKER_PRIORITY) {
        // Of a machine of others it is said elsewhere, and goes on.
        Err(_) if prepared.of_others => {}
        result => result.context("failed to become a real-time task")?,
    }
    attached.enter().with_context(|| format!("failed to put {} on the worker", spec.monitor))?;
    let mut keeper = prepared.beside.as_ref().map(Beside::begin).transpose()?;
    for _ in 0..warmup {
        once(&mut *operation, spec, spinner, None)?;
    }
    if spec.fault == Some(Fault::First) {
        ports::end();
    }
    for index in 0..spec.samples {
        let keeper = keeper.as_mut().map(|keeper| (keeper, index as usize));
        samples.put(index as usize, once(&mut *operation, spec, spinner, keeper)?);
    }
    operation.finish().context("failed to end the workload")?;
    Ok(())
}

/// Takes memory, and touches it, until the kernel kills this process.
fn exhaust() {
    loop {
        std::hint::black_box(vec![1u8; 1 << 20].leak());
    }
}

fn once(
    operation: &mut dyn Operation,
    spec: &CellSpec,
    spinner: Option<Spinner>,
    mut keeper: Option<(&mut Timekeeper, usize)>,
) -> Result<Sample> {
    operation.arm().context("failed to prepare an operation")?;
    if spec.schedule == Schedule::Paced {
        match spinner {
            Some(spinner) => spinner.rest(REST),
            None => std::thread::sleep(PAUSE),
        }
    }
    let before = spinner.map(Spinner::count);
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
    let idle = spinner.map(Spinner::count) != before;
    operation.settle().context("failed to restore the state after an operation")?;
    Ok(Sample { elapsed: timed.elapsed, refused: timed.refused, idle })
}
