//! `kretprobe`: BPF programs at the return from a kernel function.

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::info::BPF_CONFIG;
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Kretprobe;

const REQUIRES: Requires = Requires::config(BPF_CONFIG);

static INFO: MechanismInfo = MechanismInfo {
    name: "kretprobe",
    sinks: &[SinkInfo::count(Watches::Function, REQUIRES).by_either_loader()],
    about: "BPF programs at the return from a kernel function, by kretprobe",
};

impl Mechanism for Kretprobe {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        bpf::each_behaviour(
            bpf::object!("kretprobe"),
            request,
            |_, _| Ok(()),
            |program, behaviour| program.attach_kprobe(true, behaviour.function),
        )
    }
}
