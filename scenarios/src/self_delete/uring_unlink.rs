//! `unlinkat` by io_uring: no system call names a file.

use std::io;

use super::FILE;
use super::image::become_program;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::path;
use crate::uring::{Poller, Request, Ring, UNLINKAT};

pub(super) const WAY: Way =
    Way::ordinary("uring-unlink", "the program has io_uring delete its file", |scene| {
        become_program(scene, &scene.path(FILE), "uring-unlink")
    });

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    let file = path(file)?;
    let ring = Ring::new(Poller::Caller)?;
    let request =
        Request { opcode: UNLINKAT, fd: libc::AT_FDCWD, address: file.as_ptr() as u64, ..Request::default() };
    // SAFETY: the path outlives the request.
    scene.window(|| unsafe { ring.run(request) }).map(drop)
}
