//! A hole, which keeps the size.

use super::{INHERITED, punch};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("punch-hole", "fallocate(FALLOC_FL_PUNCH_HOLE) of an inherited descriptor", |scene| {
        scene.window(|| punch(INHERITED))
    });
