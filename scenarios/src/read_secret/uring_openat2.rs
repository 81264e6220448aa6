//! `openat2` as a request to io_uring.

use super::{SECRET_C, uring_openat};
use crate::scenario::Way;
use crate::uring::{OPENAT2, Poller, Request, Ring};

pub(super) const WAY: Way = Way::ordinary("uring-openat2", "io_uring: OPENAT2, then READ", |scene| {
    // SAFETY: a structure of numbers, for which zero is valid: it is O_RDONLY.
    let how: libc::open_how = unsafe { std::mem::zeroed() };
    let open = Request {
        opcode: OPENAT2,
        fd: libc::AT_FDCWD,
        address: SECRET_C.as_ptr() as u64,
        offset: &raw const how as u64,
        length: size_of_val(&how) as u32,
        ..Request::default()
    };
    uring_openat::run_with(scene, &Ring::new(Poller::Caller)?, open)
});
