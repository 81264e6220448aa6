//! What a monitor that denies or kills acts on. Each behaviour has one policy; the BPF programs decide in
//! `probes/bpf/deny.bpf.h`, for which `probes/build` makes these names and numbers.

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
    /// Each policy and its name in the C sources, in the order of their numbers there.
    pub const ALL: [(Policy, &'static str); 3] = [
        (Policy::LdPreload, "LD_PRELOAD"),
        (Policy::Unprivileged, "UNPRIVILEGED"),
        (Policy::AfterCalls, "AFTER_CALLS"),
    ];

    /// The policy's number in the C sources.
    pub fn number(self) -> u32 {
        self as u32
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_in_the_list() {
        for (place, (policy, _)) in (0..).zip(Policy::ALL) {
            assert_eq!(policy.number(), place);
        }
    }
}
