//! Other bytes at the same place.

use super::{INHERITED, LENGTH};
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way =
    Way::ordinary("overwrite", "pwrite64 over the bytes, to an inherited descriptor", |scene| {
        let zeros = [0u8; LENGTH];
        // SAFETY: the bytes outlive the call.
        let write = || unsafe { libc::pwrite(INHERITED, zeros.as_ptr().cast(), LENGTH, 0) };
        scene.window(|| check_long(write() as i64)).map(drop)
    });
