//! The medium under another name: a node with the same device number.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{EXT4, MOUNTED, media, with_medium};
use crate::scenario::Way;
use crate::sys::{check, mount, path};

pub(super) const WAY: Way = with_medium("mknod", "mount(2) of another node of the same device", |scene| {
    let (place, node) = (scene.path(MOUNTED), scene.path("node"));
    if !Path::new(&node).exists() {
        let (device, node) = (fs::metadata(media::FIRST)?.rdev(), path(&node)?);
        // SAFETY: the path outlives the call.
        check(unsafe { libc::mknod(node.as_ptr(), libc::S_IFBLK | 0o600, device) })?;
    }
    scene.window(|| mount(&node, &place, Some(EXT4), libc::MS_RDONLY, ""))
});
