//! Multipath TCP, which falls back to TCP.

use super::{connect_to_listener, multipath, say_hello};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("mptcp", "connect of a socket of Multipath TCP", |scene| {
    let fd = scene.window(|| {
        let fd = multipath()?;
        connect_to_listener(fd)?;
        Ok(fd)
    })?;
    say_hello(fd)
});
