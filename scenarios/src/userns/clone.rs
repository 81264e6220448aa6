//! `clone` with the flag in a register.

use std::io;

use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way = Way::ordinary("clone", "clone(CLONE_NEWUSER)", run);

/// Makes a child in a new namespace.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn run(scene: &Scene) -> io::Result<()> {
    scene.begin()?;
    // SAFETY: without a stack it returns twice, as fork does.
    let child = unsafe { libc::syscall(libc::SYS_clone, libc::CLONE_NEWUSER | libc::SIGCHLD, 0, 0, 0, 0) };
    super::after_clone(scene, child)
}
