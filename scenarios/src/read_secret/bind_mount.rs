//! Another path to the same file, by a bind mount in namespaces that an ordinary user makes.

use std::fs::File;
use std::io;
use std::ptr::null;

use super::{SECRET_C, open_path, read_after};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, path};

pub(super) const WAY: Way = Way::ordinary("bind-mount", "openat of a bind mount of the file", run);

fn run(scene: &Scene) -> io::Result<()> {
    let place = scene.path("bind-mount");
    File::create(&place)?;
    let place = path(&place)?;
    // SAFETY: changes this process's namespaces alone; the paths outlive the calls.
    unsafe {
        check(libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS))?;
        let bind = libc::MS_BIND;
        check(libc::mount(SECRET_C.as_ptr(), place.as_ptr(), null(), bind, null()))?;
    }
    read_after(scene, || open_path(&place))
}
