//! Fast open of Multipath TCP.

use super::{KEEPS_A_COOKIE, fast_open, multipath};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    unrehearsed: KEEPS_A_COOKIE,
    ..Way::ordinary("mptcp-fast-open", "sendmsg(MSG_FASTOPEN) of a socket of Multipath TCP", |scene| {
        fast_open(scene, |message| match multipath() {
            // SAFETY: the message outlives the call.
            Ok(fd) => unsafe { libc::sendmsg(fd, message, libc::MSG_FASTOPEN) as i64 },
            // errno says why.
            Err(_) => -1,
        })
    })
};
