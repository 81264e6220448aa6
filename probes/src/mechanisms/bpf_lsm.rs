//! `bpf-lsm`: BPF programs at LSM hooks, KRSI. When `bpf` is not in the boot line's `lsm=`,
//! they load and attach without an error and never run; only the count shows it.

use hookbench_model::DenyScope;

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, bpf};
use crate::info::{LOADER_AND_PROGRAMS, POLICY};
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(BpfLsm, INFO, attach);

const REQUIRES: Requires = Requires {
    lsm: &["bpf"],
    ..Requires::config(&["CONFIG_BPF_SYSCALL", "CONFIG_BPF_JIT", "CONFIG_DEBUG_INFO_BTF", "CONFIG_BPF_LSM"])
};
const HOOK: BpfHook = BpfHook::LsmHook;

static INFO: MechanismInfo = MechanismInfo::new(
    "bpf-lsm",
    &[
        SinkInfo::count(Watches::LsmHook, REQUIRES).at(HOOK).with(LOADER_AND_PROGRAMS),
        SinkInfo::ringbuf(Watches::LsmHook, REQUIRES).at(HOOK),
        SinkInfo::perfbuf(Watches::LsmHook, REQUIRES).at(HOOK),
        SinkInfo::new(
            "deny",
            Watches::LsmHook,
            Requires { since: POLICY, ..REQUIRES },
            "a BPF program refuses what the behaviour's policy says",
        )
        .denying(DenyScope::Policy)
        .at(HOOK),
        SinkInfo::kill(Watches::LsmHook, REQUIRES).at(HOOK),
    ],
    "BPF programs at LSM hooks (KRSI)",
)
.refusing();

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    let object = match request.sink {
        "kill" => bpf::object!("bpf-lsm-kill"),
        _ => bpf::object!("bpf-lsm"),
    };
    bpf::attach(HOOK, object, request)
}
