//! `kretprobe`: BPF programs at the return from a kernel function.

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, bpf};
use crate::info::BPF_CONFIG;
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Kretprobe, INFO, attach);

const REQUIRES: Requires = Requires::config(BPF_CONFIG);
const HOOK: BpfHook = BpfHook::FunctionReturn;

static INFO: MechanismInfo = MechanismInfo::new(
    "kretprobe",
    &[SinkInfo::count(Watches::Function, REQUIRES).at(HOOK)],
    "BPF programs at the return from a kernel function, by kretprobe",
);

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    bpf::attach(HOOK, bpf::object!("kretprobe"), request)
}
