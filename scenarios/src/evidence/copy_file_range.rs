//! Bytes of another file at the same place.

use std::fs::File;
use std::os::fd::AsRawFd;

use super::{INHERITED, LENGTH, other_file};
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way =
    Way::ordinary("copy-file-range", "copy_file_range over the bytes, to an inherited descriptor", |scene| {
        let other = scene.path(other_file::NAME);
        std::fs::write(&other, [0; LENGTH])?;
        let other = File::open(other)?;
        let (mut from, mut to) = (0, 0);
        // SAFETY: the offsets are ours.
        let mut copy = || unsafe {
            libc::copy_file_range(other.as_raw_fd(), &raw mut from, INHERITED, &raw mut to, LENGTH, 0)
        };
        scene.window(|| check_long(copy() as i64)).map(drop)
    });
