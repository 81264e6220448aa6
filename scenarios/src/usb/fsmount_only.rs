//! The newer calls without the last one: the mount is on no folder, and its files can be read all the same.

use super::{EXT4, api, drives, with_drive};
use crate::mount::{is_left, leave};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    has_effect: Some(is_left),
    ..with_drive("fsmount-only", "fsopen, fsconfig and fsmount of a drive, which is put nowhere", |scene| {
        let disk = drives::PRESENT.path()?;
        let mount = scene.window(|| api::new_mount(EXT4, Some(&disk)))?;
        leave(scene, api::has_marker(&mount));
        Ok(())
    })
};
