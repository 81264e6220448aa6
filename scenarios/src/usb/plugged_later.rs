//! A drive is plugged in that was not there at start-up. The window is open from then on, because that is what a
//! setting can prevent.

use super::{drives, mount_disk, with_drive};
use crate::scenario::Way;

pub(super) const WAY: Way =
    with_drive("plugged-later", "a drive is plugged in after start-up, then mount(2)", |scene| {
        scene.window(|| mount_disk(scene, &drives::plug_later()?))
    });
