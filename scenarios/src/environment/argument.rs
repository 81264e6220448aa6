//! The text is an argument, not a variable.

use super::block::Block;
use super::{execute, ld_preload, variable, worked};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("argument", "execve with LD_PRELOAD=… as an argument", |scene| {
        execute(scene, &variable(ld_preload::NAME), &Block::of([]))
    })
};
