//! `bpf-lsm`: BPF programs at LSM hooks, KRSI. They load and attach also when
//! `bpf` is not in the boot line's `lsm=`, and never run: only the count tells.

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct BpfLsm;

const REQUIRES: Requires = Requires {
    since: crate::info::FIRST,
    config: &["CONFIG_BPF_SYSCALL", "CONFIG_BPF_JIT", "CONFIG_DEBUG_INFO_BTF", "CONFIG_BPF_LSM"],
    lsm: &["bpf"],
    boot: &[],
};

static INFO: MechanismInfo = MechanismInfo {
    name: "bpf-lsm",
    sinks: &[
        SinkInfo::new("count", Watches::LsmHook, REQUIRES, "a BPF program counts"),
        SinkInfo::new(
            "ringbuf",
            Watches::LsmHook,
            REQUIRES,
            "a BPF program sends a record through a ring buffer to a reader",
        )
        .recording(),
        SinkInfo::new(
            "perfbuf",
            Watches::LsmHook,
            REQUIRES,
            "a BPF program sends a record through per-CPU perf buffers to a reader",
        )
        .recording(),
        SinkInfo::new(
            "deny",
            Watches::LsmHook,
            REQUIRES,
            "a BPF program refuses what the policy of the behaviour says",
        )
        .denying(),
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
            bpf::object!("bpf-lsm"),
            request,
            |program, behaviour| program.set_attach_target(0, Some(behaviour.lsm_hook.into())),
            |program, _| program.attach_lsm(),
        )
    }
}
