//! `setns` into a namespace that exists: it joins one and makes none, which a policy lets through.

use std::io;
use std::os::fd::AsRawFd;

use super::existing;
use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::check;

pub(super) const WAY: Way =
    Way { kind: Kind::Allowed, ..Way::ordinary("setns", "setns into a namespace that exists", run) };

fn run(scene: &Scene) -> io::Result<()> {
    let namespace = existing::open(scene)?;
    // SAFETY: changes nothing but this process's credentials.
    scene.window(|| check(unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWUSER) }))?;
    super::arrive(scene)
}
