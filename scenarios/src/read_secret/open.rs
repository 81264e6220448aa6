//! `open`, the oldest call.

use super::{SECRET_C, read_after};
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way = Way::ordinary("open", "open(O_RDONLY)", |scene| {
    // SAFETY: the path outlives the call.
    let open = || unsafe { libc::syscall(libc::SYS_open, SECRET_C.as_ptr(), libc::O_RDONLY) };
    read_after(scene, || check_long(open()).map(|fd| fd as i32))
});
