//! `fexit`: BPF programs at the return from a kernel function, through a trampoline.

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, bpf};
use crate::info::BPF_CONFIG;
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Fexit, INFO, attach);

const REQUIRES: Requires = Requires::config(BPF_CONFIG);
const HOOK: BpfHook = BpfHook::Trampoline;

static INFO: MechanismInfo = MechanismInfo::new(
    "fexit",
    &[SinkInfo::ringbuf(Watches::Function, REQUIRES).at(HOOK)],
    "BPF programs at the return from a kernel function, by trampoline",
);

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    bpf::attach(HOOK, bpf::object!("fexit"), request)
}
