//! `auditctl -D`: all rules are deleted.

use super::audit::{ADD_RULE, DELETE_RULE, request, rules};
use super::{tampering, then_unshare};
use crate::scenario::Way;

pub(super) const WAY: Way = tampering("audit-rules", "auditctl -D", |scene| {
    let rules = rules()?;
    let each = |kind| rules.iter().try_for_each(|rule| request(kind, rule));
    then_unshare(scene, || each(DELETE_RULE), || each(ADD_RULE))
});
