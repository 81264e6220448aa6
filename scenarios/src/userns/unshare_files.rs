//! `unshare` of something that every user may unshare: the table of open files.

use std::io;

use crate::child;
use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::{check, check_long, errno_of};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(super::was_let_through),
    ..Way::ordinary("unshare-files", "unshare(CLONE_FILES), which makes no namespace", run)
};

/// A descriptor that nobody has.
const FREE: i32 = 150;

fn run(scene: &Scene) -> io::Result<()> {
    // SAFETY: without a stack it returns twice, as fork does.
    let child = unsafe { libc::syscall(libc::SYS_clone, libc::CLONE_FILES | libc::SIGCHLD, 0, 0, 0, 0) };
    let child = check_long(child)?;
    if child == 0 {
        let code = unshare(scene).err().as_ref().map_or(0, errno_of);
        // SAFETY: leaves without running what the parent has to run.
        unsafe { libc::_exit(code) };
    }
    child::result(child::wait(child as libc::pid_t)?)?;
    // SAFETY: looks at a descriptor.
    if unsafe { libc::fcntl(FREE, libc::F_GETFD) } < 0 {
        super::let_through(scene);
    }
    Ok(())
}

/// Unshares the table and opens [`FREE`] in it, which the other process sees if they still share.
fn unshare(scene: &Scene) -> io::Result<()> {
    // SAFETY: changes nothing but this process's table of files.
    scene.window(|| check(unsafe { libc::unshare(libc::CLONE_FILES) }))?;
    // SAFETY: makes a descriptor.
    check(unsafe { libc::dup2(0, FREE) })?;
    Ok(())
}
