//! `fentry`: BPF programs at the entry of a kernel function, through a trampoline.

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::info::{BPF_CONFIG, LOADER_AND_PROGRAMS};
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Fentry;

const REQUIRES: Requires = Requires::config(BPF_CONFIG);

static INFO: MechanismInfo = MechanismInfo {
    name: "fentry",
    sinks: &[
        SinkInfo::count(Watches::Function, REQUIRES).with(LOADER_AND_PROGRAMS),
        SinkInfo::ringbuf(Watches::Function, REQUIRES).by_either_loader(),
    ],
    about: "BPF programs at the entry of a kernel function, by trampoline",
};

impl Mechanism for Fentry {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        bpf::each_behaviour(
            bpf::object!("fentry"),
            request,
            |program, behaviour| program.set_attach_target(0, Some(behaviour.function.into())),
            |program, _| program.attach_trace(),
        )
    }
}
