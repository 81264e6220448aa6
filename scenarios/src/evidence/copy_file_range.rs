//! Bytes of another file at the same place.

use super::{INHERITED, LENGTH, OTHER};
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way =
    Way::ordinary("copy-file-range", "copy_file_range over the bytes, to an inherited descriptor", |scene| {
        let (mut from, mut to) = (0, 0);
        // SAFETY: the offsets are ours.
        let mut copy =
            || unsafe { libc::copy_file_range(OTHER, &raw mut from, INHERITED, &raw mut to, LENGTH, 0) };
        scene.window(|| check_long(copy() as i64)).map(drop)
    });
