//! `O_TRUNC` truncates even when the file is opened for reading.

use super::LOG_C;
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way = Way::ordinary("open-read-only", "openat(O_RDONLY | O_TRUNC)", |scene| {
    let flags = libc::O_RDONLY | libc::O_TRUNC;
    // SAFETY: the path outlives the call.
    scene.window(|| check(unsafe { libc::openat(libc::AT_FDCWD, LOG_C.as_ptr(), flags) })).map(drop)
});
