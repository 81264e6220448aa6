//! `mprotect-storm`: flips one page between read-only and writable. The two directions cost differently, so each is
//! a cell, and the other flip is made untimed.

use hookbench_model::param::{ParamInfo, Values};
use hookbench_model::{Enforcement, Params, Policy};

use crate::child::TIMED_OTHERWISE;
use crate::{Denial, Info, Way, Workload};

mod flip;
mod page;

/// See the module.
pub(crate) struct MprotectStorm;

static INFO: Info = Info {
    name: "mprotect-storm",
    behaviour: "mprotect",
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

impl Workload for MprotectStorm {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&flip::Mprotect]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::by(Policy::AfterCalls, 2, enforcement)
    }

    fn timed_otherwise(&self, denial: Denial) -> Option<&'static str> {
        denial.kills().then_some(TIMED_OTHERWISE)
    }
}
