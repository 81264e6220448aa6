//! A copy of a mount, put on another folder by the newer calls.

use super::{EARLIER, MOUNTED, api, with_medium};
use crate::scenario::Way;

pub(super) const WAY: Way =
    with_medium("open-tree", "open_tree of a medium that is mounted, then move_mount", |scene| {
        let (from, to) = (scene.path(EARLIER), scene.path(MOUNTED));
        scene.window(|| api::attach(&api::copy_of(&from)?, &to))
    });
