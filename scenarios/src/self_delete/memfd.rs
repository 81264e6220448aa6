//! A program in a memfd, which never has a name.

use std::fs::File;
use std::io;
use std::os::fd::FromRawFd;

use super::has_arrived;
use super::image::{become_file, fill};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check;

pub(super) const WAY: Way = Way {
    has_effect: Some(has_arrived),
    ..Way::ordinary("memfd", "the program is executed from a memfd, which never has a name", run)
};

pub(super) fn run(scene: &Scene) -> io::Result<()> {
    // SAFETY: the new descriptor is nobody else's.
    let memory = unsafe { File::from_raw_fd(check(libc::memfd_create(c"program".as_ptr(), 0))?) };
    let program = fill(memory)?;
    scene.window(|| become_file(&program))
}
