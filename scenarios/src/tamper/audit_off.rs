//! `auditctl -e 0`.

use super::audit::{ENABLED, set};
use super::{tampering, then_unshare};
use crate::scenario::Way;

pub(super) const WAY: Way = tampering("audit-enabled", "auditctl -e 0", |scene| {
    then_unshare(scene, || set(ENABLED, 0), || set(ENABLED, 1))
});
