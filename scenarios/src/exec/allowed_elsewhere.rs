//! Another program at another path, which a policy lets through.

use super::scene_files::OTHER;
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(super::other_ran),
    ..Way::ordinary("elsewhere", "execve of another program", |scene| {
        super::execute(scene, &scene.path(OTHER))
    })
};
