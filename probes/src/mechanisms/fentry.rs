//! `fentry`: BPF programs at the entry of a kernel function, through a trampoline.

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, bpf};
use crate::info::{BPF_CONFIG, LOADER_AND_PROGRAMS};
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Fentry, INFO, attach);

const REQUIRES: Requires = Requires::config(BPF_CONFIG);
const HOOK: BpfHook = BpfHook::Trampoline;

static INFO: MechanismInfo = MechanismInfo::new(
    "fentry",
    &[
        SinkInfo::count(Watches::Function, REQUIRES).at(HOOK).with(LOADER_AND_PROGRAMS),
        SinkInfo::ringbuf(Watches::Function, REQUIRES).at(HOOK),
    ],
    "BPF programs at the entry of a kernel function, by trampoline",
);

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    bpf::attach(HOOK, bpf::object!("fentry"), request)
}
