//! `fmod-ret`: BPF programs that may return instead of a kernel function, through a
//! trampoline. The kernel allows it at `security_*` without further configuration.

use hookbench_model::DenyScope;

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, bpf};
use crate::info::{BPF_CONFIG, POLICY};
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(FmodRet, INFO, attach);

/// The mechanism itself exists since 5.7.
const REQUIRES: Requires = Requires { since: POLICY, ..Requires::config(BPF_CONFIG) };
const HOOK: BpfHook = BpfHook::FunctionResult;

static INFO: MechanismInfo = MechanismInfo::new(
    "fmod-ret",
    &[SinkInfo::new(
        "deny",
        Watches::Function,
        REQUIRES,
        "a BPF program returns an error instead of the function, as the behaviour's policy says",
    )
    .denying(DenyScope::Policy)
    .at(HOOK)],
    "BPF programs that can replace a kernel function's result (BPF_MODIFY_RETURN), by trampoline",
)
.refusing();

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    bpf::attach(HOOK, bpf::object!("fmod-ret"), request)
}
