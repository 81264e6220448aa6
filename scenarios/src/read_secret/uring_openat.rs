//! `openat` as a request to io_uring, which is no system call of its own.

use std::io;

use super::{LENGTH, SECRET_C, keep};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::uring::{OPENAT, Poller, READ, Request, Ring};

pub(super) const WAY: Way =
    Way::ordinary("uring-openat", "io_uring: OPENAT, then READ", |scene| run(scene, Poller::Caller));

/// Opens and reads by two requests.
pub(super) fn run(scene: &Scene, poller: Poller) -> io::Result<()> {
    let open = Request {
        opcode: OPENAT,
        fd: libc::AT_FDCWD,
        address: SECRET_C.as_ptr() as u64,
        ..Request::default()
    };
    run_with(scene, &Ring::new(poller)?, open)
}

/// Opens by `open` and reads.
pub(super) fn run_with(scene: &Scene, ring: &Ring, open: Request) -> io::Result<()> {
    let mut bytes = [0u8; LENGTH];
    let address = bytes.as_mut_ptr() as u64;
    scene.window(|| {
        // SAFETY: what the requests point at outlives them.
        unsafe {
            let fd = ring.run(open)?;
            ring.run(Request { opcode: READ, fd, address, length: LENGTH as u32, ..Request::default() })
        }
    })?;
    keep(scene, &bytes);
    Ok(())
}
