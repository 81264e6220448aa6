//! `mount(2)` of a drive with the file system that most drives have.

use super::{MOUNTED, drives, with_drive};
use crate::scenario::Way;
use crate::sys::mount;

pub(super) const WAY: Way = with_drive("vfat", "mount(2) of a drive with FAT", |scene| {
    let (disk, place) = (drives::FAT.path()?, scene.path(MOUNTED));
    scene.window(|| mount(&disk, &place, Some("vfat"), libc::MS_RDONLY, ""))
});
