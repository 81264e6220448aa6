//! Variables with names that contain, or begin like, those that are looked for.

use super::{execute_with, variable, worked};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("other-names", "execve with OLD_PRELOAD, LDFLAGS and GLIBC_TUNED", |scene| {
        execute_with(scene, ["OLD_PRELOAD", "LDFLAGS", "GLIBC_TUNED"].map(variable).to_vec())
    })
};
