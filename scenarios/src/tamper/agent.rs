//! The processes of the agent that holds the policy.

use std::fs;
use std::io;
use std::sync::atomic::Ordering;

use crate::scene::Scene;
use crate::sys::check;

/// The process that leads them.
///
/// # Errors
/// ESRCH when the policy has none: the kernel, or each process itself, holds it.
pub(super) fn leader(scene: &Scene) -> io::Result<libc::pid_t> {
    match scene.shared.agent.load(Ordering::SeqCst) {
        0 => Err(io::Error::from_raw_os_error(libc::ESRCH)),
        leader => Ok(leader),
    }
}

/// Sends a signal to all of them.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn signal(scene: &Scene, signal: libc::c_int) -> io::Result<()> {
    // SAFETY: a signal to a group of processes.
    check(unsafe { libc::kill(-leader(scene)?, signal) }).map(drop)
}

/// All of them.
///
/// # Errors
/// When `/proc` cannot be read.
pub(super) fn processes(scene: &Scene) -> io::Result<Vec<libc::pid_t>> {
    let leader = leader(scene)?;
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(process) = entry?.file_name().to_string_lossy().parse() else { continue };
        // SAFETY: asks for a number. It is negative for a process that has ended.
        if unsafe { libc::getpgid(process) } == leader {
            found.push(process);
        }
    }
    Ok(found)
}
