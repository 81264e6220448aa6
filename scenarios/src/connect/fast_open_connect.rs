//! TCP fast open by `connect`, which sends nothing until there are bytes.

use std::io;

use super::{KEEPS_A_COOKIE, connect_to_listener, hello_after, tcp};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check;

pub(super) const WAY: Way = Way {
    unrehearsed: KEEPS_A_COOKIE,
    ..Way::ordinary("fast-open-connect", "connect with TCP_FASTOPEN_CONNECT, then write", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let fd = tcp()?;
    let on = 1i32;
    let (option, size) = (libc::TCP_FASTOPEN_CONNECT, size_of_val(&on) as u32);
    // SAFETY: the kernel reads `on`.
    check(unsafe { libc::setsockopt(fd, libc::IPPROTO_TCP, option, (&raw const on).cast(), size) })?;
    hello_after(scene, fd, || connect_to_listener(fd))
}
