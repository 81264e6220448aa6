//! `auditctl -a always,exclude -F msgtype=SYSCALL`: no record of a system call is made.

use super::audit::{ADD_RULE, DELETE_RULE, exclude_rule};
use super::{tampering, then_unshare};
use crate::scenario::Way;

pub(super) const WAY: Way =
    tampering("audit-exclude", "auditctl -a always,exclude -F msgtype=SYSCALL", |scene| {
        then_unshare(scene, || exclude_rule(ADD_RULE), || exclude_rule(DELETE_RULE))
    });
