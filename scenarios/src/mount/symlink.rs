//! The medium under another name: a symbolic link.

use std::os::unix::fs::symlink;
use std::path::Path;

use super::{EXT4, MOUNTED, media, with_medium};
use crate::scenario::Way;
use crate::sys::mount;

pub(super) const WAY: Way = with_medium("symlink", "mount(2) of a symbolic link to /dev/sda", |scene| {
    let (place, link) = (scene.path(MOUNTED), scene.path("link"));
    if !Path::new(&link).exists() {
        symlink(media::FIRST, &link)?;
    }
    scene.window(|| mount(&link, &place, Some(EXT4), libc::MS_RDONLY, ""))
});
