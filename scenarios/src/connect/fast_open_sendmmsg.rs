//! TCP fast open by `sendmmsg`.

use super::{fast_open, tcp};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("fast-open-sendmmsg", "sendmmsg(MSG_FASTOPEN)", |scene| {
    let fd = tcp()?;
    fast_open(scene, |message| {
        let mut messages = [libc::mmsghdr { msg_hdr: *message, msg_len: 0 }];
        // SAFETY: the message outlives the call.
        unsafe { libc::sendmmsg(fd, messages.as_mut_ptr(), 1, libc::MSG_FASTOPEN) as i64 }
    })
});
