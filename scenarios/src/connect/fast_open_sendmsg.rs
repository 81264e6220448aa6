//! TCP fast open by `sendmsg`.

use super::{KEEPS_A_COOKIE, fast_open, tcp};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    unrehearsed: KEEPS_A_COOKIE,
    ..Way::ordinary("fast-open-sendmsg", "sendmsg(MSG_FASTOPEN)", |scene| {
        let fd = tcp()?;
        // SAFETY: the message outlives the call.
        fast_open(scene, |message| unsafe { libc::sendmsg(fd, message, libc::MSG_FASTOPEN) as i64 })
    })
};
