//! `auditctl -A never,exit`: a rule before all others that matches everything.

use super::audit::never_rule;
use super::{tampering, then_unshare};
use crate::audit_link::{ADD_RULE, DELETE_RULE};
use crate::scenario::Way;

pub(super) const WAY: Way =
    tampering("audit-never", "auditctl -A never,exit -S all, before all other rules", |scene| {
        then_unshare(scene, || never_rule(ADD_RULE), || never_rule(DELETE_RULE))
    });
