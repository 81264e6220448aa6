//! `unshare-command`: the whole command with which Cloudflare measured its policy, `unshare -frU --kill-child --
//! bash -c "exit 0"`, with util-linux's unshare and bash
//! (<https://blog.cloudflare.com/live-patch-security-vulnerabilities-with-ebpf-lsm/>).

use std::io;

use hookbench_model::{DenyScope, Enforcement, Params, Refusal};

use crate::program::{Program, ProgramRuns};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct UnshareCommand;

const COMMAND: &[&str] = &["/usr/bin/unshare", "-frU", "--kill-child", "--", "bash", "-c", "exit 0"];

static INFO: Info = Info {
    name: "unshare-command",
    behaviour: "userns",
    params: &[],
    samples: 20,
    warmup: 5,
    about: "unshare -frU --kill-child -- bash -c \"exit 0\", the whole command",
};

impl Workload for UnshareCommand {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Command]
    }

    /// It runs as root, and the policy lets root pass. If a monitor denies everyone, unshare gives up.
    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        match enforcement {
            Enforcement::Denies(DenyScope::Everyone) => {
                Some(Denial { after_operations: 0, refusal: Refusal::Exit(1) })
            }
            Enforcement::Expects(_) => Denial::of_every_operation(enforcement),
            _ => None,
        }
    }
}

struct Command;

impl Way for Command {
    fn facts(&self) -> WayFacts {
        WayFacts { in_children: true, ..WayFacts::new("command") }
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let environment = vec!["PATH=/usr/bin:/usr/sbin:/bin:/sbin".to_string()];
        Ok(Box::new(ProgramRuns::new(Program::new(COMMAND, environment)?)))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Exited(operations.passed)
    }
}
