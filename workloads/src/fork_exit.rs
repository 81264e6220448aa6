//! `fork-exit`: lmbench's `lat_proc fork`, UnixBench's `spawn`. One operation is fork(2), which is clone with no flag but
//! SIGCHLD, exit of the child, and wait4 until its end has been seen.
//!
//! The process that forks is small: a static program, its stack, and with `mappings` so many mappings more, each of one
//! written page and with a hole behind it. fork copies them all. See `forker.rs`.

use std::io;

use hookbench_model::param::{ParamInfo, Values};
use hookbench_model::policy::Policy;
use hookbench_model::{Enforcement, Params};

use crate::forker::{Forking, Part};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct ForkExit;

static INFO: Info = Info {
    name: "fork-exit",
    behaviour: "fork",
    params: &[ParamInfo {
        name: "mappings",
        values: Values::Range(0, 10_000),
        usual: &["0"],
        about: "mappings of the process that forks in addition to those that it needs, of one page each",
    }],
    samples: 100,
    warmup: 20,
    about: "fork, exit of the child, wait",
};

impl Workload for ForkExit {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Fork]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::by(Policy::Unprivileged, 1, enforcement)
    }
}

struct Fork;

impl Way for Fork {
    fn facts(&self) -> WayFacts {
        // The worker itself forks once: the process that forks.
        WayFacts { in_children: true, events_at_end: 1, ..WayFacts::new("fork") }
    }

    fn prepare(&self, params: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let mappings = params.get("mappings").and_then(|mappings| mappings.parse().ok()).unwrap_or(0);
        Ok(Box::new(Forking::new(Part::Exit, mappings)?))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Forked(operations.passed)
    }
}
