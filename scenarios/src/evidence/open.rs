//! `open(O_TRUNC)`, as a shell's `>` does.

use super::LOG_C;
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way = Way::ordinary("open", "open(O_WRONLY | O_TRUNC)", |scene| {
    let flags = libc::O_WRONLY | libc::O_TRUNC;
    // SAFETY: the path outlives the call.
    scene.window(|| check_long(unsafe { libc::syscall(libc::SYS_open, LOG_C.as_ptr(), flags) })).map(drop)
});
