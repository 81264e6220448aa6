//! SIGSTOP to the agent.

use super::agent::signal;
use super::{tampering_with_agent, then_unshare};
use crate::scenario::Way;

pub(super) const WAY: Way =
    tampering_with_agent("agent-stop", "SIGSTOP to the process that attached the policy", |scene| {
        then_unshare(scene, || signal(scene, libc::SIGSTOP), || signal(scene, libc::SIGCONT))
    });
