//! The list of variables itself is in a page that nobody has touched since it was dropped.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;

use super::fresh_page::PAGE;
use super::{LOOK, PROGRAM, arguments, ld_preload, preload};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys;

pub(super) const WAY: Way = Way::ordinary(
    "fresh-pointers",
    "execve with LD_PRELOAD, and the list of variables in a mapping that was never touched",
    run,
);

fn run(scene: &Scene) -> io::Result<()> {
    let variable = preload()?;
    let path = scene.path("pointers");
    let mut bytes = (variable.as_ptr() as u64).to_ne_bytes().to_vec();
    bytes.resize(PAGE, 0);
    fs::write(&path, bytes)?;
    let file = File::open(path)?;
    let (fd, private) = (file.as_raw_fd(), libc::MAP_PRIVATE);
    // SAFETY: a new mapping at an address that the kernel chooses.
    let place = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, libc::PROT_READ, private, fd, 0) };
    if place == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    let (program, arguments) = (sys::path(PROGRAM)?, arguments(LOOK, ld_preload::NAME)?);
    // SAFETY: the texts outlive the call, which returns only when it fails.
    let call = || unsafe { libc::execve(program.as_ptr(), arguments.block().as_ptr(), place.cast()) };
    scene.window(|| sys::check(call())).map(drop)
}
