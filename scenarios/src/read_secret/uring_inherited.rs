//! An inherited descriptor, read by io_uring.

use super::{INHERITED, LENGTH, keep};
use crate::scenario::Way;
use crate::uring::{Poller, READ, Request, Ring};

pub(super) const WAY: Way =
    Way::ordinary("uring-inherited", "io_uring: READ from an inherited descriptor", |scene| {
        let ring = Ring::new(Poller::Caller)?;
        let mut bytes = [0u8; LENGTH];
        let read = Request {
            opcode: READ,
            fd: INHERITED,
            address: bytes.as_mut_ptr() as u64,
            length: LENGTH as u32,
            ..Request::default()
        };
        // SAFETY: the buffer outlives the request.
        scene.window(|| unsafe { ring.run(read) })?;
        keep(scene, &bytes);
        Ok(())
    });
