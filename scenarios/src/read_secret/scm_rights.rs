//! A descriptor that another process sends.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use super::{holder, read_after};
use crate::descriptor::receive;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check;

pub(super) const WAY: Way =
    Way::ordinary("scm-rights", "recvmsg of a descriptor that another process sends", run);

fn run(scene: &Scene) -> io::Result<()> {
    let socket = UnixStream::connect(scene.path(holder::SOCKET))?;
    let mut polled = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: the structure is ours.
    check(unsafe { libc::poll(&mut polled, 1, 1_000) })?;
    read_after(scene, || receive(socket.as_raw_fd()))
}
