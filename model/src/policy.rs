//! What a monitor that denies or kills acts on. Each behaviour has one policy; the BPF programs decide in
//! `probes/bpf/deny.bpf.h`, for which `probes/build` makes these names.

use std::fmt;

/// What a denying monitor refuses with EPERM, and for what a killing one kills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// An execve whose environment has an LD_PRELOAD variable.
    LdPreload,
    /// What a task without CAP_SYS_ADMIN does.
    Unprivileged,
    /// Everything after the first [`ALLOWED_CALLS`].
    AfterCalls,
}

/// How many calls [`Policy::AfterCalls`] lets pass.
pub const ALLOWED_CALLS: u32 = 100;

impl Policy {
    /// All policies.
    pub const ALL: [Policy; 3] = [Policy::LdPreload, Policy::Unprivileged, Policy::AfterCalls];

    /// The policy's name in the C sources.
    pub fn symbol(self) -> &'static str {
        match self {
            Policy::LdPreload => "LD_PRELOAD",
            Policy::Unprivileged => "UNPRIVILEGED",
            Policy::AfterCalls => "AFTER_CALLS",
        }
    }
}

impl fmt::Display for Policy {
    /// `EPERM after 100 calls`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Policy::LdPreload => f.write_str("EPERM when the environment has an LD_PRELOAD variable"),
            Policy::Unprivileged => f.write_str("EPERM unless the task has CAP_SYS_ADMIN"),
            Policy::AfterCalls => write!(f, "EPERM after {ALLOWED_CALLS} calls"),
        }
    }
}
