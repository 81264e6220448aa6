//! Another process of root says that it is the audit daemon, and would get the records. The kernel refuses that while
//! the daemon lives.

use super::audit::{DAEMON, set};
use super::{tampering, then_unshare};
use crate::scenario::Way;

pub(super) const WAY: Way =
    tampering("audit-daemon", "AUDIT_SET with the process of another daemon", |scene| {
        then_unshare(scene, || set(DAEMON, std::process::id()), || Ok(()))
    });
