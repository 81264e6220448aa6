//! The drive under another name: a node with the same device number.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::{drives, exists, mount_disk, with_drive};
use crate::scenario::Way;
use crate::sys::{check, path};

pub(super) const WAY: Way = with_drive("other-name", "mount(2) of another node of a drive", |scene| {
    let (disk, node) = (drives::PRESENT.path()?, scene.path("node"));
    if !exists(&node) {
        let (device, node) = (fs::metadata(disk)?.rdev(), path(&node)?);
        // SAFETY: the path outlives the call.
        check(unsafe { libc::mknod(node.as_ptr(), libc::S_IFBLK | 0o600, device) })?;
    }
    scene.window(|| mount_disk(scene, &node))
});
