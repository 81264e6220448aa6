//! `kprobe-multi`: one BPF program at the entry of all watched functions at once,
//! by fprobe. A cookie tells the program at which of them it runs.

use hookbench_model::KernelVersion;

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, bpf};
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(KprobeMulti, INFO, attach);

const REQUIRES: Requires = Requires {
    since: KernelVersion::new(5, 18),
    ..Requires::config(&[
        "CONFIG_BPF_SYSCALL",
        "CONFIG_BPF_JIT",
        "CONFIG_DEBUG_INFO_BTF",
        "CONFIG_BPF_EVENTS",
        "CONFIG_FPROBE",
    ])
};
const HOOK: BpfHook = BpfHook::FunctionEntries;

static INFO: MechanismInfo = MechanismInfo::new(
    "kprobe-multi",
    &[
        SinkInfo::count(Watches::Function, REQUIRES).at(HOOK),
        SinkInfo::ringbuf(Watches::Function, REQUIRES).at(HOOK),
    ],
    "one BPF program at the entry of several kernel functions, by fprobe",
);

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    bpf::attach(HOOK, bpf::object!("kprobe-multi"), request)
}
