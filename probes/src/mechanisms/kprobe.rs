//! `kprobe`: BPF programs at the entry of a kernel function. The sink that refuses is at
//! the entry of a system call, where the kernel allows it.

use hookbench_model::DenyScope;

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, bpf};
use crate::info::{BPF_CONFIG, LOADER_AND_PROGRAMS, POLICY};
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Kprobe, INFO, attach);

const REQUIRES: Requires = Requires::config(BPF_CONFIG);
const HOOK: BpfHook = BpfHook::FunctionEntry;
const OVERRIDE_HOOK: BpfHook = BpfHook::SyscallEntry;

const OVERRIDE_CONFIG: &[&str] = &[
    "CONFIG_BPF_SYSCALL",
    "CONFIG_BPF_JIT",
    "CONFIG_DEBUG_INFO_BTF",
    "CONFIG_FUNCTION_ERROR_INJECTION",
    "CONFIG_BPF_KPROBE_OVERRIDE",
];

/// It cannot refuse: `override` needs an option that distributions' kernels lack.
static INFO: MechanismInfo = MechanismInfo::new(
    "kprobe",
    &[
        SinkInfo::count(Watches::Function, REQUIRES).at(HOOK).with(LOADER_AND_PROGRAMS),
        SinkInfo::ringbuf(Watches::Function, REQUIRES).at(HOOK),
        SinkInfo::perfbuf(Watches::Function, REQUIRES).at(HOOK),
        SinkInfo::new(
            "override",
            Watches::Syscalls,
            Requires { since: POLICY, ..Requires::config(OVERRIDE_CONFIG) },
            "a BPF program returns an error instead of the system call, as the behaviour's policy says",
        )
        .denying(DenyScope::Policy)
        .at(OVERRIDE_HOOK),
        SinkInfo::kill(Watches::Function, REQUIRES).at(HOOK),
    ],
    "BPF programs at the entry of a kernel function, by kprobe",
);

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    // Separate objects: programs that only watch must not pay for the kernel's BTF,
    // which a policy needs.
    match request.sink {
        "override" => bpf::attach(OVERRIDE_HOOK, bpf::object!("kprobe-override"), request),
        "kill" => bpf::attach(HOOK, bpf::object!("kprobe-kill"), request),
        _ => bpf::attach(HOOK, bpf::object!("kprobe"), request),
    }
}
