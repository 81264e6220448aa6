//! The file mounted on another path, in a mount namespace of its own.

use std::fs;
use std::io;

use super::scene_files::VULNERABLE;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, mount};

pub(super) const WAY: Way =
    Way { as_root: true, ..Way::ordinary("bind-mount", "execve of another path where it is mounted", run) };

fn run(scene: &Scene) -> io::Result<()> {
    let path = scene.path("bound");
    fs::write(&path, "")?;
    // SAFETY: changes this process alone.
    check(unsafe { libc::unshare(libc::CLONE_NEWNS) })?;
    mount("none", "/", None, libc::MS_REC | libc::MS_PRIVATE, "")?;
    mount(VULNERABLE, &path, None, libc::MS_BIND, "")?;
    super::execute(scene, &path)
}
