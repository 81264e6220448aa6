//! `connect`.

use super::{connect_to_listener, hello_after, tcp};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("connect", "connect", |scene| {
    let fd = tcp()?;
    hello_after(scene, fd, || connect_to_listener(fd))
});
