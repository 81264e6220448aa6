//! A disk of the device mapper over the drive: what is mounted is a disk that is on no USB.

use super::{drives, mapper, mount_disk, with_drive};
use crate::mount::image;
use crate::scenario::Way;

/// Bytes of a block of a disk.
const BLOCK: usize = 512;

pub(super) const WAY: Way =
    with_drive("device-mapper", "a linear disk of the device mapper over a drive, then mount(2)", |scene| {
        let (disk, blocks) = (drives::PRESENT.path()?, image::ext2().len() / BLOCK);
        scene.window(|| mount_disk(scene, &mapper::make(&disk, blocks as u64)?))
    });
