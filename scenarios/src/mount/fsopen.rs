//! The newer calls: a mount is made, and then put on a folder.

use super::{EXT4, MOUNTED, api, media, with_medium};
use crate::scenario::Way;

pub(super) const WAY: Way =
    with_medium("fsopen", "fsopen, fsconfig and fsmount of /dev/sda, then move_mount", |scene| {
        let place = scene.path(MOUNTED);
        scene.window(|| api::attach(&api::new_mount(EXT4, Some(media::FIRST))?, &place))
    });
