//! Multipath TCP, which falls back to TCP.

use super::{connect_to_listener, hello_after, multipath};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("mptcp", "connect of a socket of Multipath TCP", |scene| {
    let fd = multipath()?;
    hello_after(scene, fd, || connect_to_listener(fd))
});
