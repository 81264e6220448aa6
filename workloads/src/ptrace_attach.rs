//! `ptrace-attach`: one operation is the system call ptrace(PTRACE_ATTACH) on a fresh child of the worker, which waits
//! for a signal. It has attached when the kernel reports that the child has stopped, which is not timed. Nothing is
//! detached: the child is killed, and the next operation gets another.

use std::fs::File;
use std::io::{self, Read, Write};

use hookbench_model::policy::Policy;
use hookbench_model::{Enforcement, Params};

use crate::companion::{Companion, wait};
use crate::pipe::pipe;
use crate::stopwatch::timed_call;
use crate::{Denial, Effect, Info, Operation, Operations, Timed, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct PtraceAttach;

static INFO: Info = Info {
    name: "ptrace-attach",
    behaviour: "ptrace",
    params: &[],
    samples: 100,
    warmup: 20,
    about: "ptrace(PTRACE_ATTACH) to a fresh child; only the call is timed",
};

impl Workload for PtraceAttach {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Attach]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::by(Policy::AfterCalls, 1, enforcement)
    }

    fn unable(&self, params: &Params, enforcement: Enforcement) -> Option<&'static str> {
        Denial::ends_worker(self.denial(params, enforcement))
    }
}

struct Attach;

impl Way for Attach {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[libc::SYS_ptrace as u32], ..WayFacts::new("attach") }
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        Ok(Box::new(Attaching { child: None, stopped: 0 }))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(operations.passed)
    }
}

struct Attaching {
    child: Option<Companion>,
    /// How many children were stopped for their tracer.
    stopped: u64,
}

/// Starts a child that waits for a signal. Returns when the child is about to wait.
fn waiting_child() -> io::Result<Companion> {
    let (mut ours, mut theirs): (File, File) = pipe()?;
    let child = Companion::start(|| {
        if theirs.write_all(&[1]).is_ok() {
            // SAFETY: waits for a signal.
            unsafe { libc::pause() };
        }
    })?;
    drop(theirs);
    ours.read_exact(&mut [0])?;
    Ok(child)
}

impl Operation for Attaching {
    fn arm(&mut self) -> io::Result<()> {
        self.child = Some(waiting_child()?);
        Ok(())
    }

    fn run_once(&mut self) -> io::Result<Timed> {
        let child = self.child.as_ref().ok_or_else(|| io::Error::other("there is no child to attach to"))?;
        let arguments = [libc::PTRACE_ATTACH.into(), child.0.into(), 0, 0, 0, 0];
        // SAFETY: attaching reads and writes no memory.
        let (elapsed, result) = unsafe { timed_call(libc::SYS_ptrace, &arguments) };
        if result == 0 {
            let status = wait(child.0)?;
            self.stopped += u64::from(libc::WIFSTOPPED(status) && libc::WSTOPSIG(status) == libc::SIGSTOP);
        }
        Ok(Timed::of(elapsed, result))
    }

    fn settle(&mut self) -> io::Result<()> {
        self.child = None;
        Ok(())
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Returned(self.stopped))
    }
}
