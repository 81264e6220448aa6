//! The drive that was mounted at start-up is mounted at a second place: the kernel has its file system already.

use super::{drives, mount_disk, with_drive};
use crate::scenario::Way;

pub(super) const WAY: Way = with_drive(
    "second-place",
    "mount(2) of a drive that has been mounted since start-up, at a second place",
    |scene| {
        let disk = drives::EARLIER.path()?;
        scene.window(|| mount_disk(scene, &disk))
    },
);
