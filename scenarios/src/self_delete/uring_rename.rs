//! `renameat` by io_uring: another file takes its name.

use std::io;

use super::image::become_program;
use super::{FILE, OTHER_FILE};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::path;
use crate::uring::{Poller, RENAMEAT, Request, Ring};

pub(super) const WAY: Way = Way::ordinary(
    "uring-rename",
    "the program has io_uring rename another file to the name of its own",
    |scene| become_program(scene, &scene.path(FILE), "uring-rename"),
);

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    let (file, other) = (path(file)?, path(&scene.path(OTHER_FILE))?);
    let ring = Ring::new(Poller::Caller)?;
    let request = Request {
        opcode: RENAMEAT,
        fd: libc::AT_FDCWD,
        address: other.as_ptr() as u64,
        length: libc::AT_FDCWD as u32,
        offset: file.as_ptr() as u64,
        ..Request::default()
    };
    // SAFETY: both paths outlive the request.
    scene.window(|| unsafe { ring.run(request) }).map(drop)
}
