//! `clone3` with the flag in memory, where a seccomp filter cannot look.

use std::io;

use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way = Way::ordinary("clone3", "clone3 with CLONE_NEWUSER in its structure", run);

/// The argument of `clone3`: a child in a new namespace.
pub(super) fn arguments() -> libc::clone_args {
    // SAFETY: a structure of numbers, for which zero is valid.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = libc::CLONE_NEWUSER as u64;
    arguments.exit_signal = libc::SIGCHLD as u64;
    arguments
}

fn run(scene: &Scene) -> io::Result<()> {
    let arguments = arguments();
    scene.begin()?;
    // SAFETY: without a stack it returns twice, as fork does.
    let child = unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size_of_val(&arguments)) };
    super::after_clone(scene, child)
}
