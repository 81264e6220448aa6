//! A hole as a request to io_uring.

use super::{HOLE, INHERITED, LENGTH};
use crate::scenario::Way;
use crate::uring::{FALLOCATE, Poller, Request, Ring};

pub(super) const WAY: Way =
    Way::ordinary("uring-fallocate", "io_uring: FALLOCATE of a hole in an inherited descriptor", |scene| {
        let ring = Ring::new(Poller::Caller)?;
        let fallocate = Request {
            opcode: FALLOCATE,
            fd: INHERITED,
            address: LENGTH as u64,
            length: HOLE as u32,
            ..Request::default()
        };
        // SAFETY: no memory is involved.
        scene.window(|| unsafe { ring.run(fallocate) }).map(drop)
    });
