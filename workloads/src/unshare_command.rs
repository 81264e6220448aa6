//! `unshare-command`: the whole command with which Cloudflare measured its
//! policy, `unshare -frU --kill-child -- bash -c "exit 0"`, with util-linux's
//! unshare and bash (<https://blog.cloudflare.com/live-patch-security-vulnerabilities-with-ebpf-lsm/>).

use std::io;

use hookbench_model::{DenyScope, Enforcement, Params, Refusal};

use crate::spawn::Program;
use crate::{Denial, Info, Operation, Stopwatch, Timed, Workload};

/// See the module.
pub(crate) struct UnshareCommand;

const COMMAND: &[&str] = &["/usr/bin/unshare", "-frU", "--kill-child", "--", "bash", "-c", "exit 0"];

static INFO: Info = Info {
    name: "unshare-command",
    behaviour: "userns",
    others: true,
    calls: &[],
    in_children: true,
    params: &[],
    samples: 20,
    warmup: 5,
    about: "unshare -frU --kill-child -- bash -c \"exit 0\", the whole command",
};

impl Workload for UnshareCommand {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let environment = vec!["PATH=/usr/bin:/usr/sbin:/bin:/sbin".to_string()];
        Ok(Box::new(Unshare { program: Program::new(COMMAND, environment)? }))
    }

    fn events(&self, operations: u64) -> u64 {
        operations
    }

    /// It runs as root, whom the policy lets pass; whom nothing lets pass gives up.
    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        let refusal = Refusal::Exit(1);
        (enforcement == Enforcement::Denies(DenyScope::Everyone))
            .then_some(Denial { after_operations: 0, refusal })
    }
}

struct Unshare {
    program: Program,
}

impl Operation for Unshare {
    fn run_once(&mut self) -> io::Result<Timed> {
        let stopwatch = Stopwatch::start();
        let ended = self.program.run();
        let elapsed = stopwatch.elapsed();
        Ok(Timed { elapsed, refused: ended?.refused() })
    }
}
