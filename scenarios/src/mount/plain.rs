//! `mount(2)` of the medium by its usual name.

use super::{EXT4, MOUNTED, media, with_medium};
use crate::scenario::Way;
use crate::sys::mount;

pub(super) const WAY: Way = with_medium("mount", "mount(2) of /dev/sda", |scene| {
    let place = scene.path(MOUNTED);
    scene.window(|| mount(media::FIRST, &place, Some(EXT4), libc::MS_RDONLY, ""))
});
