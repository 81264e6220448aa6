//! The agent is traced, and stops.

use std::io;

use super::agent::processes;
use super::{tampering_with_agent, then_unshare};
use crate::child;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check_long;

pub(super) const WAY: Way = tampering_with_agent(
    "agent-trace",
    "PTRACE_SEIZE and PTRACE_INTERRUPT of the process that attached the policy",
    |scene| then_unshare(scene, || stop(scene), || request(scene, libc::PTRACE_DETACH)),
);

fn stop(scene: &Scene) -> io::Result<()> {
    request(scene, libc::PTRACE_SEIZE)?;
    request(scene, libc::PTRACE_INTERRUPT)?;
    processes(scene)?.into_iter().try_for_each(|process| child::wait(process).map(drop))
}

fn request(scene: &Scene, request: libc::c_uint) -> io::Result<()> {
    processes(scene)?.into_iter().try_for_each(|process| {
        // SAFETY: the requests need no memory of ours.
        check_long(unsafe { libc::ptrace(request, process, 0, 0) }).map(drop)
    })
}
