//! `fexit`: BPF programs at the return from a kernel function, through a trampoline.

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::info::BPF_CONFIG;
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Fexit;

const REQUIRES: Requires = Requires::config(BPF_CONFIG);

static INFO: MechanismInfo = MechanismInfo {
    name: "fexit",
    sinks: &[SinkInfo::ringbuf(Watches::Function, REQUIRES).by_either_loader()],
    about: "BPF programs at the return from a kernel function, by trampoline",
};

impl Mechanism for Fexit {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        bpf::each_behaviour(
            bpf::object!("fexit"),
            request,
            |program, behaviour| program.set_attach_target(0, Some(behaviour.function.into())),
            |program, _| program.attach_trace(),
        )
    }
}
