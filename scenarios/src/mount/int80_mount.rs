//! `mount` by the 32-bit entry of the kernel, under another number.

use std::io;

use super::{EXT4, MOUNTED, media, with_medium};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{int80, low_copy, path};

/// `mount` in the kernel's `syscall_32.tbl`.
pub(super) const MOUNT: u32 = 21;

pub(super) const WAY: Way = with_medium("int80-mount", "mount through int 0x80, as number 21", |scene| {
    mount_disk(scene, media::FIRST)
});

/// Opens the window and mounts `disk`.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn mount_disk(scene: &Scene, disk: &str) -> io::Result<()> {
    let low = |text: &str| low_copy(path(text)?.as_bytes_with_nul());
    let (source, place, kind) = (low(disk)?, low(&scene.path(MOUNTED))?, low(EXT4)?);
    // SAFETY: the copies stay until the process ends.
    scene.window(|| unsafe { int80(MOUNT, [source, place, kind, libc::MS_RDONLY as u32, 0, 0]) }).map(drop)
}
