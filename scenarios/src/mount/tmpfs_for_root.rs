//! An allowed neighbour: root mounts an empty file system, which has no device.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::MOUNTED;
use crate::scenario::{Kind, Way};
use crate::sys::mount;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    as_root: true,
    has_effect: Some(|scene, _| {
        Ok(fs::metadata(scene.path(MOUNTED))?.dev() != fs::metadata(&scene.folder)?.dev())
    }),
    ..Way::ordinary("root-tmpfs", "root mounts a tmpfs", |scene| {
        let place = scene.path(MOUNTED);
        scene.window(|| mount("tmpfs", &place, Some("tmpfs"), 0, ""))
    })
};
