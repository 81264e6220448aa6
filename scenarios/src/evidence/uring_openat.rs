//! `openat(O_TRUNC)` as a request to io_uring.

use super::LOG_C;
use crate::scenario::Way;
use crate::uring::{OPENAT, Poller, Request, Ring};

pub(super) const WAY: Way = Way::ordinary("uring-openat", "io_uring: OPENAT with O_TRUNC", |scene| {
    let ring = Ring::new(Poller::Caller)?;
    let open = Request {
        opcode: OPENAT,
        fd: libc::AT_FDCWD,
        address: LOG_C.as_ptr() as u64,
        flags: (libc::O_WRONLY | libc::O_TRUNC) as u32,
        ..Request::default()
    };
    // SAFETY: the path outlives the request.
    scene.window(|| unsafe { ring.run(open) }).map(drop)
});
