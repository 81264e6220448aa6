//! `clone` of a process that shares memory with its parent and holds it up until its end, as vfork does.

use std::ffi::{c_int, c_long, c_void};
use std::io;

use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way =
    Way::ordinary("clone-vm", "clone(CLONE_NEWUSER | CLONE_VM | CLONE_VFORK), as vfork", run);

/// Bytes of the child's stack.
const STACK: usize = 64 * 1024;

fn run(scene: &Scene) -> io::Result<()> {
    let flags = libc::CLONE_NEWUSER | libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let mut stack = vec![0_u128; STACK / size_of::<u128>()];
    let top = stack.as_mut_ptr_range().end.cast::<c_void>();
    scene.begin()?;
    // SAFETY: the child runs `child` on a stack of its own while this process waits.
    let child = unsafe { libc::clone(child, top, flags, (&raw const *scene).cast_mut().cast()) };
    super::after_clone(scene, c_long::from(child))
}

extern "C" fn child(scene: *mut c_void) -> c_int {
    // SAFETY: `run` passes its scene and waits until the child has ended.
    let scene = unsafe { &*scene.cast::<Scene>() };
    c_int::from(super::arrive(scene).is_err())
}
