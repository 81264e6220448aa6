//! `fork-exec`: lmbench's `lat_proc exec`. One operation is fork(2), execve of a program by the child, and wait4 until the
//! program's end has been seen. The program is the no-op of `execve-noop`, which uses vfork instead. The process that
//! forks is that of `fork-exit`.

use std::io;

use hookbench_model::{DenyScope, Enforcement, Params};

use crate::forker::{Command, Forking, Part};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload, noop_path};

/// See the module.
pub(crate) struct ForkExec;

static INFO: Info = Info {
    name: "fork-exec",
    behaviour: "exec",
    params: &[],
    samples: 100,
    warmup: 20,
    about: "fork, execve of a static no-op without libc, wait",
};

impl Workload for ForkExec {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Noop]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        denial(enforcement)
    }
}

/// The denial of programs in whose environment LD_PRELOAD is not.
pub(crate) fn denial(enforcement: Enforcement) -> Option<Denial> {
    match enforcement {
        Enforcement::Denies(DenyScope::Everyone) | Enforcement::Expects(_) => {
            Denial::of_every_operation(enforcement)
        }
        _ => None,
    }
}

struct Noop;

impl Way for Noop {
    fn facts(&self) -> WayFacts {
        WayFacts { in_children: true, ..WayFacts::new("execve") }
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let noop = Command::new(noop_path(), &[noop_path()], &[])?;
        Ok(Box::new(Forking::new(Part::Execute(noop), 0)?))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Exited(operations.passed)
    }
}
