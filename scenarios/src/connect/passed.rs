//! A socket that another process connected, and sends.

use super::{broker, say_hello};
use crate::descriptor::receive;
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("passed", "recvmsg of a socket that a process of root connected", |scene| {
        broker::ask_for_socket()?;
        let fd = scene.window(|| receive(broker::SOCKET))?;
        say_hello(fd)
    });
