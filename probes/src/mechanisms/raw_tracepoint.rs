//! `raw-tracepoint`: one BPF program at every system call, which picks out the watched
//! ones.

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, bpf};
use crate::info::BPF_CONFIG;
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(RawTracepoint, INFO, attach);

const REQUIRES: Requires = Requires::config(BPF_CONFIG);
const HOOK: BpfHook = BpfHook::RawTracepoint("sys_enter");

static INFO: MechanismInfo = MechanismInfo::new(
    "raw-tracepoint",
    &[
        SinkInfo::count(Watches::Syscalls, REQUIRES).at(HOOK),
        SinkInfo::ringbuf(Watches::Syscalls, REQUIRES).at(HOOK),
    ],
    "a BPF program at the raw tracepoint sys_enter, at every system call",
);

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    bpf::attach(HOOK, bpf::object!("raw-tracepoint"), request)
}
