//! `open` as if to create the file, for reading and writing.

use super::{SECRET_C, read_after};
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way = Way::ordinary("open-create", "open(O_RDWR | O_CREAT)", |scene| {
    let flags = libc::O_RDWR | libc::O_CREAT;
    // SAFETY: the path outlives the call.
    let open = || unsafe { libc::syscall(libc::SYS_open, SECRET_C.as_ptr(), flags, 0o600) };
    read_after(scene, || check_long(open()).map(|fd| fd as i32))
});
