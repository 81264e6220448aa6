//! `setns` by a descriptor of a process. It joins a namespace and makes none, which a policy lets through.

use std::io;

use super::existing;
use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::{check, check_long};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    ..Way::ordinary("setns-pidfd", "setns into the namespace of a process, by its pidfd", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let keeper = existing::keeper(scene)?;
    // SAFETY: makes a descriptor.
    let process = check_long(unsafe { libc::syscall(libc::SYS_pidfd_open, keeper, 0) })?;
    // SAFETY: changes nothing but this process's credentials.
    scene.window(|| check(unsafe { libc::setns(process as i32, libc::CLONE_NEWUSER) }))?;
    super::arrive(scene)
}
