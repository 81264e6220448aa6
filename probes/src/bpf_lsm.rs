//! `bpf-lsm`: BPF programs at LSM hooks, KRSI. They load and attach also when
//! `bpf` is not in the boot line's `lsm=`, and never run: only the count tells.

use hookbench_model::DenyScope;

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::info::LOADER_AND_PROGRAMS;
use crate::info::POLICY;
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct BpfLsm;

const REQUIRES: Requires = Requires {
    lsm: &["bpf"],
    ..Requires::config(&["CONFIG_BPF_SYSCALL", "CONFIG_BPF_JIT", "CONFIG_DEBUG_INFO_BTF", "CONFIG_BPF_LSM"])
};

static INFO: MechanismInfo = MechanismInfo {
    name: "bpf-lsm",
    sinks: &[
        SinkInfo::count(Watches::LsmHook, REQUIRES).with(LOADER_AND_PROGRAMS),
        SinkInfo::ringbuf(Watches::LsmHook, REQUIRES).by_either_loader(),
        SinkInfo::perfbuf(Watches::LsmHook, REQUIRES).by_either_loader(),
        SinkInfo::new(
            "deny",
            Watches::LsmHook,
            Requires { since: POLICY, ..REQUIRES },
            "a BPF program refuses what the policy of the behaviour says",
        )
        .denying(DenyScope::Policy)
        .by_either_loader(),
        SinkInfo::kill(Watches::LsmHook, REQUIRES).by_either_loader(),
    ],
    about: "BPF programs at LSM hooks (KRSI)",
};

impl Mechanism for BpfLsm {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        bpf::each_behaviour(
            if request.sink == "kill" { bpf::object!("bpf-lsm-kill") } else { bpf::object!("bpf-lsm") },
            request,
            |program, behaviour| program.set_attach_target(0, Some(behaviour.lsm_hook.into())),
            |program, _| program.attach_lsm(),
        )
    }
}
