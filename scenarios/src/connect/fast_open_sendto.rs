//! TCP fast open by `sendto`: the message brings the address.

use super::{HELLO, KEEPS_A_COOKIE, fast_open, tcp};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    unrehearsed: KEEPS_A_COOKIE,
    ..Way::ordinary("fast-open-sendto", "sendto(MSG_FASTOPEN)", |scene| {
        let fd = tcp()?;
        fast_open(scene, |message| {
            let (name, length) = (message.msg_name.cast(), message.msg_namelen);
            // SAFETY: the bytes and the address outlive the call.
            unsafe {
                libc::sendto(fd, HELLO.as_ptr().cast(), HELLO.len(), libc::MSG_FASTOPEN, name, length) as i64
            }
        })
    })
};
