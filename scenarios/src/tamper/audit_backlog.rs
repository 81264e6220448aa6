//! `auditctl -b 1 --backlog_wait_time 0`: one record may wait, and callers do not wait for a place.

use super::audit::{BACKLOG_LIMIT, WAIT_TIME, set};
use super::{tampering, then_unshare};
use crate::scenario::Way;

/// What hookbench sets as the daemon, and the kernel's own value.
const LIMIT: u32 = 8192;
const WAIT: u32 = 15_000;

pub(super) const WAY: Way = tampering("audit-backlog", "auditctl -b 1 --backlog_wait_time 0", |scene| {
    then_unshare(
        scene,
        || set(BACKLOG_LIMIT, 1).and_then(|()| set(WAIT_TIME, 0)),
        || set(BACKLOG_LIMIT, LIMIT).and_then(|()| set(WAIT_TIME, WAIT)),
    )
});
