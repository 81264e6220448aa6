//! The kernel executes `/sbin/request-key` for a key that it does not have, and the program is there.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;

use super::scene_files::VULNERABLE;
use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way = Way {
    as_root: true,
    ..Way::ordinary("request-key", "the kernel executes it in place of /sbin/request-key", run)
};

/// What the kernel executes.
const HELPER: &str = "/sbin/request-key";

fn run(scene: &Scene) -> io::Result<()> {
    fs::create_dir_all("/sbin")?;
    symlink(VULNERABLE, HELPER)?;
    scene.window(|| {
        let (kind, name, text) = (c"user".as_ptr(), c"hookbench".as_ptr(), c"".as_ptr());
        // SAFETY: all texts end in NUL. There will be no such key, which does not matter.
        unsafe { libc::syscall(libc::SYS_request_key, kind, name, text, 0) };
        super::wait_for_mark(scene);
        Ok(())
    })
}

/// Removes the link.
///
/// # Errors
/// When it cannot be removed.
pub(super) fn reset() -> io::Result<()> {
    match fs::remove_file(HELPER) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
