//! `creat`, which truncates what is there.

use super::LOG_C;
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way = Way::ordinary("creat", "creat", |scene| {
    // SAFETY: the path outlives the call.
    scene.window(|| check_long(unsafe { libc::syscall(libc::SYS_creat, LOG_C.as_ptr(), 0o644) })).map(drop)
});
