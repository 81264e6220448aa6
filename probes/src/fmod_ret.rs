//! `fmod-ret`: BPF programs that may return in a kernel function's stead, through a
//! trampoline. The kernel allows it at `security_*` without further configuration.

use hookbench_model::DenyScope;

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::info::{BPF_CONFIG, POLICY};
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct FmodRet;

/// The mechanism itself is there since 5.7.
const REQUIRES: Requires = Requires { since: POLICY, ..Requires::config(BPF_CONFIG) };

static INFO: MechanismInfo = MechanismInfo {
    name: "fmod-ret",
    sinks: &[SinkInfo::new(
        "deny",
        Watches::Function,
        REQUIRES,
        "a BPF program returns an error in the function's stead, as the policy of the behaviour says",
    )
    .denying(DenyScope::Policy)],
    about: "BPF programs in a kernel function's stead (BPF_MODIFY_RETURN), by trampoline",
};

impl Mechanism for FmodRet {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        bpf::each_behaviour(
            bpf::object!("fmod-ret"),
            request,
            |program, behaviour| program.set_attach_target(0, Some(behaviour.function.into())),
            |program, _| program.attach_trace(),
        )
    }
}
