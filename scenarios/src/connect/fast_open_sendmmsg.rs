//! TCP fast open by `sendmmsg`.

use super::{KEEPS_A_COOKIE, fast_open, tcp};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    unrehearsed: KEEPS_A_COOKIE,
    ..Way::ordinary("fast-open-sendmmsg", "sendmmsg(MSG_FASTOPEN)", |scene| {
        let fd = tcp()?;
        fast_open(scene, |message| {
            let mut messages = [libc::mmsghdr { msg_hdr: *message, msg_len: 0 }];
            // SAFETY: the message outlives the call.
            unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), 1, libc::MSG_FASTOPEN) as i64 }
        })
    })
};
