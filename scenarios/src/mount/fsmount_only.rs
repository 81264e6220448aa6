//! The newer calls without the last one: the mount is on no folder, and its files can be read all the same.

use super::{EXT4, api, is_left, leave, media, with_medium};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    has_effect: Some(is_left),
    ..with_medium("fsmount-only", "fsopen, fsconfig and fsmount of /dev/sda, which is put nowhere", |scene| {
        let mount = scene.window(|| api::new_mount(EXT4, Some(media::FIRST)))?;
        leave(scene, api::has_marker(&mount));
        Ok(())
    })
};
