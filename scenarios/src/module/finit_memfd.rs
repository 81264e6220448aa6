//! `finit_module` of a file that has no path.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};

use super::{FORBIDDEN, by_root, finit_file};
use crate::modules;
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way = by_root("finit-memfd", "finit_module with the module in a memfd", |scene| {
    // SAFETY: the new descriptor is nobody else's.
    let mut memory = unsafe { File::from_raw_fd(check(libc::memfd_create(c"module".as_ptr(), 0))?) };
    memory.write_all(&fs::read(modules::file(FORBIDDEN))?)?;
    // The kernel refuses a file that is open for writing.
    let file = File::open(format!("/proc/self/fd/{}", memory.as_raw_fd()))?;
    drop(memory);
    scene.window(|| finit_file(&file, 0))
});
