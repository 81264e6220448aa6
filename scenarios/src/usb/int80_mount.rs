//! `mount` by the 32-bit entry of the kernel, under another number.

use super::{drives, with_drive};
use crate::mount::int80_mount;
use crate::scenario::Way;

pub(super) const WAY: Way =
    with_drive("int80-mount", "mount of a drive through int 0x80, as number 21", |scene| {
        int80_mount::mount_disk(scene, &drives::PRESENT.path()?)
    });
