//! `lsm-cgroup`: BPF programs at LSM hooks for the tasks of a cgroup. They are attached to
//! the root of the cgroup v2 hierarchy, which holds all tasks. So the comparison with
//! `bpf-lsm` is about the way to the program, not about how many tasks it watches.

use hookbench_model::KernelVersion;

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, bpf};
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(LsmCgroup, INFO, attach);

const REQUIRES: Requires = Requires {
    since: KernelVersion::new(6, 0),
    lsm: &["bpf"],
    ..Requires::config(&[
        "CONFIG_BPF_SYSCALL",
        "CONFIG_BPF_JIT",
        "CONFIG_DEBUG_INFO_BTF",
        "CONFIG_BPF_LSM",
        "CONFIG_CGROUP_BPF",
    ])
};
const HOOK: BpfHook = BpfHook::CgroupLsmHook;

static INFO: MechanismInfo = MechanismInfo::new(
    "lsm-cgroup",
    &[SinkInfo::count(Watches::LsmHook, REQUIRES).at(HOOK)],
    "BPF programs at LSM hooks, for the tasks of a cgroup (BPF_LSM_CGROUP)",
)
.refusing()
.staying("its trampoline stays at the hook");

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    bpf::attach(HOOK, bpf::object!("lsm-cgroup"), request)
}
