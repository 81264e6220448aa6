//! `clone3` with the flag in memory, where a seccomp filter cannot look.

use std::io;

use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, check_long};

pub(super) const WAY: Way = Way::ordinary("clone3", "clone3 with CLONE_NEWUSER in its structure", run);

fn run(scene: &Scene) -> io::Result<()> {
    // SAFETY: a structure of numbers, for which zero is valid.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = libc::CLONE_NEWUSER as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    let size = size_of_val(&arguments);
    scene.begin()?;
    // SAFETY: without a stack it returns twice, as fork does.
    let child = unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size) };
    if child == 0 {
        let _ = super::arrive(scene);
        // SAFETY: leaves without running what the parent has to run.
        unsafe { libc::_exit(0) };
    }
    let child = check_long(child);
    if let Ok(child) = child {
        // SAFETY: no status is asked for.
        check(unsafe { libc::waitpid(child as i32, std::ptr::null_mut(), 0) })?;
    }
    scene.end();
    child.map(drop)
}
