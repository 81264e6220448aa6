//! The newer calls: a mount is made, and then put on a folder.

use super::{EXT4, MOUNTED, api, drives, with_drive};
use crate::scenario::Way;

pub(super) const WAY: Way =
    with_drive("fsopen", "fsopen, fsconfig and fsmount of a drive, then move_mount", |scene| {
        let (disk, place) = (drives::PRESENT.path()?, scene.path(MOUNTED));
        scene.window(|| api::attach(&api::new_mount(EXT4, Some(&disk))?, &place))
    });
