//! SIGKILL to the agent. What it attached is gone a while later, if it goes at all.

use std::io;
use std::time::{Duration, Instant};

use super::agent::signal;
use super::bpf::has_programs;
use super::{tampering_with_agent, then_unshare};
use crate::scenario::Way;
use crate::scene::Scene;

/// How long to wait at most until its BPF programs are gone, and how long between two looks.
const PATIENCE: Duration = Duration::from_millis(1_500);
const REST: Duration = Duration::from_millis(5);

pub(super) const WAY: Way =
    tampering_with_agent("agent-kill", "SIGKILL to the process that attached the policy", |scene| {
        then_unshare(scene, || kill(scene), || Ok(()))
    });

fn kill(scene: &Scene) -> io::Result<()> {
    signal(scene, libc::SIGKILL)?;
    let begin = Instant::now();
    std::thread::sleep(REST);
    while begin.elapsed() < PATIENCE && has_programs()? {
        std::thread::sleep(REST);
    }
    Ok(())
}
