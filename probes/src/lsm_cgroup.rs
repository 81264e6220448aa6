//! `lsm-cgroup`: BPF programs at LSM hooks for the tasks of a cgroup. They are
//! attached to the root of the second version's hierarchy, which holds all tasks:
//! what is compared with `bpf-lsm` is the way to the program, not its reach.

use hookbench_model::KernelVersion;

#[cfg(feature = "attach")]
use anyhow::Context;

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct LsmCgroup;

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

static INFO: MechanismInfo = MechanismInfo {
    name: "lsm-cgroup",
    sinks: &[SinkInfo::count(Watches::LsmHook, REQUIRES)],
    about: "BPF programs at LSM hooks, for the tasks of a cgroup (BPF_LSM_CGROUP)",
};

/// Where the agent mounts the hierarchy.
#[cfg(feature = "attach")]
const ROOT: &str = "/sys/fs/cgroup";

impl Mechanism for LsmCgroup {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        use std::os::fd::AsRawFd;

        let root = std::fs::File::open(ROOT).with_context(|| format!("failed to open the cgroup {ROOT}"))?;
        bpf::each_behaviour(
            bpf::object!("lsm-cgroup"),
            request,
            |program, behaviour| program.set_attach_target(0, Some(behaviour.lsm_hook.into())),
            |program, _| program.attach_cgroup(root.as_raw_fd()),
        )
    }
}
