//! Other bytes at the same place, written by io_uring.

use super::{INHERITED, LENGTH};
use crate::scenario::Way;
use crate::uring::{Poller, Request, Ring, WRITE};

pub(super) const WAY: Way =
    Way::ordinary("uring-write", "io_uring: WRITE over the bytes, to an inherited descriptor", |scene| {
        let ring = Ring::new(Poller::Caller)?;
        let zeros = [0u8; LENGTH];
        let write = Request {
            opcode: WRITE,
            fd: INHERITED,
            address: zeros.as_ptr() as u64,
            length: LENGTH as u32,
            ..Request::default()
        };
        // SAFETY: the bytes outlive the request.
        scene.window(|| unsafe { ring.run(write) }).map(drop)
    });
