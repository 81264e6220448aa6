//! `openat2` with `O_TRUNC` in its structure.

use super::LOG_C;
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way = Way::ordinary("openat2", "openat2 with O_TRUNC in its structure", |scene| {
    // SAFETY: a structure of numbers, for which zero is valid.
    let mut how: libc::open_how = unsafe { std::mem::zeroed() };
    how.flags = (libc::O_WRONLY | libc::O_TRUNC) as u64;
    let (path, how, size) = (LOG_C.as_ptr(), &raw const how, size_of_val(&how));
    // SAFETY: the path and the structure outlive the call.
    let open = || unsafe { libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, path, how, size) };
    scene.window(|| check_long(open())).map(drop)
});
