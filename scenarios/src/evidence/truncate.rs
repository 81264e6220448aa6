//! `truncate`, without opening.

use super::LOG_C;
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way = Way::ordinary("truncate", "truncate to 0", |scene| {
    // SAFETY: the path outlives the call.
    scene.window(|| check(unsafe { libc::truncate(LOG_C.as_ptr(), 0) })).map(drop)
});
