//! `openat2`, with its flags in memory.

use super::{SECRET_C, read_after};
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way = Way::ordinary("openat2", "openat2, with its flags in a structure", |scene| {
    // SAFETY: a structure of numbers, for which zero is valid: it is O_RDONLY.
    let how: libc::open_how = unsafe { std::mem::zeroed() };
    let (path, size) = (SECRET_C.as_ptr(), size_of_val(&how));
    // SAFETY: the path and the structure outlive the call.
    let open = || unsafe { libc::syscall(libc::SYS_openat2, libc::AT_FDCWD, path, &raw const how, size) };
    read_after(scene, || check_long(open()).map(|fd| fd as i32))
});
