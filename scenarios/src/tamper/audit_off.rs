//! `auditctl -e 0`.

use super::audit::set_enabled;
use super::{tampering, then_unshare};
use crate::scenario::Way;

pub(super) const WAY: Way = tampering("audit-enabled", "auditctl -e 0", |scene| {
    then_unshare(scene, || set_enabled(0), || set_enabled(1))
});
