//! A descriptor that is taken from another process.

use std::io;

use super::{INHERITED, holder, read_after};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, check_long};

pub(super) const WAY: Way = Way::ordinary("pidfd-getfd", "pidfd_getfd of another process's descriptor", run);

fn run(scene: &Scene) -> io::Result<()> {
    // SAFETY: no memory is involved.
    let process = check_long(unsafe { libc::syscall(libc::SYS_pidfd_open, holder::process(), 0) })?;
    read_after(scene, || {
        // SAFETY: no memory is involved.
        check(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process, INHERITED, 0) } as i32)
    })
}
