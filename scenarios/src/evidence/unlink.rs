//! The file loses its name.

use super::LOG_C;
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way = Way::ordinary("unlink", "unlink", |scene| {
    // SAFETY: the path outlives the call.
    scene.window(|| check(unsafe { libc::unlink(LOG_C.as_ptr()) })).map(drop)
});
