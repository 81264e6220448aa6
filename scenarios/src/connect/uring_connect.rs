//! `connect` as a request to io_uring.

use std::io;

use super::{HELLO, address, tcp};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::uring::{CONNECT, Poller, Request, Ring, SEND};

pub(super) const WAY: Way =
    Way::ordinary("uring-connect", "io_uring: CONNECT, then SEND", |scene| run(scene, Poller::Caller));

/// Connects and sends by two requests.
pub(super) fn run(scene: &Scene, poller: Poller) -> io::Result<()> {
    let ring = Ring::new(poller)?;
    let fd = tcp()?;
    let address = address();
    let connect = Request {
        opcode: CONNECT,
        fd,
        address: &raw const address as u64,
        offset: size_of_val(&address) as u64,
        ..Request::default()
    };
    let (bytes, length) = (HELLO.as_ptr() as u64, HELLO.len() as u32);
    let send = Request { opcode: SEND, fd, address: bytes, length, ..Request::default() };
    // SAFETY: the address and the bytes outlive the requests.
    scene.window(|| unsafe {
        ring.run(connect)?;
        ring.run(send)
    })?;
    Ok(())
}
