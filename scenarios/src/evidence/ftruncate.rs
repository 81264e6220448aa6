//! `ftruncate` of a descriptor that the process was born with.

use super::INHERITED;
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way =
    Way::ordinary("ftruncate", "ftruncate of an inherited descriptor to 0", |scene| {
        // SAFETY: no memory is involved.
        scene.window(|| check(unsafe { libc::ftruncate(INHERITED, 0) })).map(drop)
    });
