//! `tracepoint`: a BPF program at the tracepoint of each watched system call.

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, bpf};
use crate::info::BPF_CONFIG;
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Tracepoint, INFO, attach);

const REQUIRES: Requires = Requires::config(BPF_CONFIG);
const HOOK: BpfHook = BpfHook::SyscallTracepoints;

static INFO: MechanismInfo = MechanismInfo::new(
    "tracepoint",
    &[
        SinkInfo::count(Watches::Syscalls, REQUIRES).at(HOOK),
        SinkInfo::ringbuf(Watches::Syscalls, REQUIRES).at(HOOK),
        SinkInfo::perfbuf(Watches::Syscalls, REQUIRES).at(HOOK),
    ],
    "BPF programs at the tracepoints syscalls:sys_enter_NAME",
);

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    bpf::attach(HOOK, bpf::object!("tracepoint"), request)
}
