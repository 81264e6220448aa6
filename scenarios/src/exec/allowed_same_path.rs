//! Another program at the path of the vulnerable one, which was moved away: a repaired version, say. A policy lets it
//! through.

use std::fs;

use super::scene_files::{ASIDE, OTHER, VULNERABLE, write};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(super::other_ran),
    ..Way::ordinary("same-path", "execve of another program that has its path now", |scene| {
        fs::rename(VULNERABLE, scene.path(ASIDE))?;
        write(VULNERABLE, &fs::read(scene.path(OTHER))?)?;
        super::execute(scene, VULNERABLE)
    })
};
