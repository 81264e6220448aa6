//! `mprotect-storm`: flips one page between read-only and writable. The two directions cost differently, so each is
//! a cell, and the other flip is made untimed.

use hookbench_model::param::{ParamInfo, Values};
use hookbench_model::{DenyScope, Enforcement, Params};

use crate::child::TIMED_OTHERWISE;
use crate::{Denial, Info, Way, Workload};

mod flip;
mod page;

/// See the module.
pub(crate) struct MprotectStorm;

static INFO: Info = Info {
    name: "mprotect-storm",
    behaviour: "mprotect",
    others: false,
    params: &[ParamInfo {
        name: "to",
        values: Values::Words(&["r", "rw"]),
        usual: &["r", "rw"],
        about: "the direction that is timed; the other is made untimed",
    }],
    samples: 100,
    warmup: 20,
    about: "mprotect of one page, read-only and writable again",
};

/// The flips that the denying policy lets pass: `DENY_AFTER` in deny.bpf.h.
const ALLOWED_CALLS: u32 = 100;

impl Workload for MprotectStorm {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&flip::Mprotect]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        let all = Denial::of_every_operation(enforcement)?;
        // hookbench's policies let the first flips pass. What a custom monitor refuses, it
        // refuses from the first one on.
        let after_operations = match enforcement {
            Enforcement::Denies(DenyScope::Everyone) | Enforcement::Expects(_) => 0,
            _ => ALLOWED_CALLS / 2,
        };
        Some(Denial { after_operations, ..all })
    }

    fn timed_otherwise(&self, denial: Denial) -> Option<&'static str> {
        denial.kills().then_some(TIMED_OTHERWISE)
    }
}
