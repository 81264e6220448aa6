//! `ftruncate` as a request to io_uring, which 6.9 and newer have.

use super::INHERITED;
use crate::scenario::Way;
use crate::uring::{FTRUNCATE, Poller, Request, Ring};

pub(super) const WAY: Way =
    Way::ordinary("uring-ftruncate", "io_uring: FTRUNCATE of an inherited descriptor to 0", |scene| {
        let ring = Ring::new(Poller::Caller)?;
        let truncate = Request { opcode: FTRUNCATE, fd: INHERITED, ..Request::default() };
        // SAFETY: no memory is involved.
        scene.window(|| unsafe { ring.run(truncate) }).map(drop)
    });
