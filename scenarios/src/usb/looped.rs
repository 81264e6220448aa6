//! A loop device over the drive: what is mounted is a device that is on no USB.

use std::fs::File;

use super::{drives, with_drive};
use crate::mount::looped::mount_file;
use crate::scenario::Way;

pub(super) const WAY: Way = with_drive("loop", "a loop device over a drive, then mount(2)", |scene| {
    let disk = drives::PRESENT.path()?;
    scene.window(|| mount_file(scene, &File::open(&disk)?))
});
