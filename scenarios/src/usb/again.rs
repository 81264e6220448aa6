//! The drive that was mounted at start-up is unmounted, and mounted again.

use super::{EARLIER, drives, mount_disk, with_drive};
use crate::mount::unmount;
use crate::scenario::Way;

pub(super) const WAY: Way =
    with_drive("again", "mount(2) of a drive that was mounted at start-up and is no longer", |scene| {
        let disk = drives::EARLIER.path()?;
        unmount(&scene.path(EARLIER))?;
        scene.window(|| mount_disk(scene, &disk))
    });
