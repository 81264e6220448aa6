//! Fast open of Multipath TCP.

use super::{fast_open, multipath};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("mptcp-fast-open", "sendmsg(MSG_FASTOPEN) of a socket of Multipath TCP", |scene| {
        let fd = multipath()?;
        // SAFETY: the message outlives the call.
        fast_open(scene, |message| unsafe { libc::sendmsg(fd, message, libc::MSG_FASTOPEN) as i64 })
    });
