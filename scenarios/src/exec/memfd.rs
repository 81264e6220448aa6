//! A copy in memory that has no path: another file for a policy that knows the file by its inode.

use std::fs::{self, File};
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};

use super::scene_files::VULNERABLE;
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way = Way::ordinary("memfd", "execveat of a copy in a memfd", |scene| {
    // SAFETY: the name ends in NUL.
    let memory = check(unsafe { libc::memfd_create(c"copy".as_ptr(), 0) })?;
    // SAFETY: the descriptor is new.
    let mut memory = unsafe { File::from_raw_fd(memory) };
    memory.write_all(&fs::read(VULNERABLE)?)?;
    super::execute_at(scene, memory.as_raw_fd(), "", libc::AT_EMPTY_PATH)
});
