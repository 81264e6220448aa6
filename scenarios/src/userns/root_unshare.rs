//! The same by root, which a policy against ordinary users lets through.

use super::unshare;
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    as_root: true,
    ..Way::ordinary("root", "root calls unshare(CLONE_NEWUSER)", unshare::WAY.run)
};
