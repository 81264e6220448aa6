//! The kernel executes `/sbin/request-key` for a key that it does not have, and the program is there.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;

use super::scene_files::{KEY_HELPER, VULNERABLE};
use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way = Way {
    as_root: true,
    ..Way::ordinary("request-key", "the kernel executes it in place of /sbin/request-key", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    fs::create_dir_all("/sbin")?;
    symlink(VULNERABLE, KEY_HELPER)?;
    // The kernel remembers for a while that there is no key of a name.
    let name = CString::new(format!("hookbench-{}", std::process::id()))?;
    scene.window(|| {
        let (kind, name, text) = (c"user".as_ptr(), name.as_ptr(), c"".as_ptr());
        // SAFETY: all texts end in NUL. There will be no such key, which does not matter.
        unsafe { libc::syscall(libc::SYS_request_key, kind, name, text, 0) };
        super::wait_for_mark(scene);
        Ok(())
    })
}
