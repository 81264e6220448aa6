//! A packet of UDP, which needs no connection.

use super::{fast_open, socket};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("udp", "sendmsg of a UDP socket, with an address", |scene| {
    let fd = socket(libc::AF_INET, libc::SOCK_DGRAM, 0)?;
    // SAFETY: the message outlives the call.
    fast_open(scene, |message| unsafe { libc::sendmsg(fd, message, 0) as i64 })
});
