//! The kernel executes it when a process dumps core. No process makes a system call for that.

use std::fs;
use std::io;

use super::scene_files::VULNERABLE;
use crate::child;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check;

pub(super) const WAY: Way = Way {
    as_root: true,
    ..Way::ordinary("core-pattern", "the kernel executes it for a core dump (kernel.core_pattern)", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    fs::write("/proc/sys/kernel/core_pattern", format!("|{VULNERABLE}"))?;
    let limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: changes this process's limit.
    check(unsafe { libc::setrlimit(libc::RLIMIT_CORE, &limit) })?;
    scene.window(|| {
        child::run(|| {
            // SAFETY: ends the child with a core dump.
            check(unsafe { libc::kill(libc::getpid(), libc::SIGQUIT) })?;
            Ok(())
        })?;
        super::wait_for_mark(scene);
        Ok(())
    })
}
