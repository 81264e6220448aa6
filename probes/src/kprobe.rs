//! `kprobe`: BPF programs at the entry of a kernel function.

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::info::BPF_CONFIG;
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Kprobe;

const REQUIRES: Requires = Requires::config(BPF_CONFIG);

static INFO: MechanismInfo = MechanismInfo {
    name: "kprobe",
    sinks: &[
        SinkInfo::count(Watches::Function, REQUIRES),
        SinkInfo::ringbuf(Watches::Function, REQUIRES),
        SinkInfo::perfbuf(Watches::Function, REQUIRES),
    ],
    about: "BPF programs at the entry of a kernel function, by kprobe",
};

impl Mechanism for Kprobe {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        bpf::each_behaviour(
            bpf::object!("kprobe"),
            request,
            |_, _| Ok(()),
            |program, behaviour| program.attach_kprobe(false, behaviour.function),
        )
    }
}
