//! `auditctl -r 1`: audit makes one record in a second.

use super::audit::{RATE_LIMIT, set};
use super::{tampering, then_unshare};
use crate::scenario::Way;

pub(super) const WAY: Way = tampering("audit-rate", "auditctl -r 1", |scene| {
    then_unshare(scene, || set(RATE_LIMIT, 1), || set(RATE_LIMIT, 0))
});
