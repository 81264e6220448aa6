//! `execve` in a child that shares memory with its parent, as vfork and posix_spawn make it.

use std::ffi::{c_int, c_void};
use std::io;

use super::scene_files::VULNERABLE;
use crate::child;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, errno_of};

pub(super) const WAY: Way = Way::ordinary("vfork", "execve in a child as vfork makes it", run);

/// Bytes of the child's stack.
const STACK: usize = 64 * 1024;

fn run(scene: &Scene) -> io::Result<()> {
    let mut stack = vec![0_u128; STACK / size_of::<u128>()];
    let top = stack.as_mut_ptr_range().end.cast::<c_void>();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // SAFETY: the child runs `execute` on a stack of its own while this process waits.
    let child = check(unsafe { libc::clone(execute, top, flags, (&raw const *scene).cast_mut().cast()) })?;
    child::result(child::wait(child)?)
}

extern "C" fn execute(scene: *mut c_void) -> c_int {
    // SAFETY: `run` passes its scene and waits.
    let scene = unsafe { &*scene.cast::<Scene>() };
    let result = super::execute(scene, VULNERABLE);
    result.err().as_ref().map_or(0, errno_of)
}
