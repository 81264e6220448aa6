//! `mount(2)` of the drive by its usual name.

use super::{drives, mount_disk, with_drive};
use crate::scenario::Way;

pub(super) const WAY: Way = with_drive("mount", "mount(2) of a drive", |scene| {
    let disk = drives::PRESENT.path()?;
    scene.window(|| mount_disk(scene, &disk))
});
