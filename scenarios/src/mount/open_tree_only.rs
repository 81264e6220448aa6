//! A copy of a mount that is on no folder: its files can be read through the descriptor.

use super::{EARLIER, api, is_left, leave, with_medium};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    has_effect: Some(is_left),
    ..with_medium("open-tree-only", "open_tree of a medium that is mounted, which is put nowhere", |scene| {
        let from = scene.path(EARLIER);
        let mount = scene.window(|| api::copy_of(&from))?;
        leave(scene, api::has_marker(&mount));
        Ok(())
    })
};
