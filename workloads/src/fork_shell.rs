//! `fork-shell`: lmbench's `lat_proc shell`. One operation is fork(2), execve of `/bin/sh -c NOOP` by the child, and wait4
//! until the shell's end has been seen. The process that forks is that of `fork-exit`. NOOP is the no-op of `execve-noop`; the shell is Debian's, dash, which
//! executes its last command in its own place. So an operation executes two programs and forks once.

use std::io;

use hookbench_model::{Enforcement, Params};

use crate::fork_exec::denial;
use crate::forker::{Command, Forking, Part};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload, noop_path};

/// See the module.
pub(crate) struct ForkShell;

static INFO: Info = Info {
    name: "fork-shell",
    behaviour: "exec",
    // The loader of libraries calls mprotect.
    params: &[],
    samples: 20,
    warmup: 5,
    about: "fork, /bin/sh -c of a static no-op, wait",
};

impl Workload for ForkShell {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Shell]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        denial(enforcement)
    }
}

struct Shell;

impl Way for Shell {
    fn facts(&self) -> WayFacts {
        WayFacts { in_children: true, events: 2, ..WayFacts::new("shell") }
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let environment = ["PATH=/usr/bin:/usr/sbin:/bin:/sbin"];
        let shell = Command::new("/bin/sh", &["sh", "-c", noop_path()], &environment)?;
        Ok(Box::new(Forking::new(Part::Execute(shell), 0)?))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Exited(operations.passed)
    }
}
