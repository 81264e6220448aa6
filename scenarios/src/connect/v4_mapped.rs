//! The same address, written as one of IPv6.

use std::io;

use super::{PORT, hello_after, socket};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check;

pub(super) const WAY: Way = Way::ordinary("v4-mapped", "connect to ::ffff:127.0.0.1", run);

fn run(scene: &Scene) -> io::Result<()> {
    let fd = socket(libc::AF_INET6, libc::SOCK_STREAM, 0)?;
    let address = libc::sockaddr_in6 {
        sin6_family: libc::AF_INET6 as libc::sa_family_t,
        sin6_port: PORT.to_be(),
        sin6_flowinfo: 0,
        sin6_addr: libc::in6_addr { s6_addr: std::net::Ipv4Addr::LOCALHOST.to_ipv6_mapped().octets() },
        sin6_scope_id: 0,
    };
    let size = size_of_val(&address) as u32;
    hello_after(scene, fd, || {
        // SAFETY: the address outlives the call.
        check(unsafe { libc::connect(fd, (&raw const address).cast(), size) }).map(drop)
    })
}
