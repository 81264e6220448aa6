//! The drive is copied into a file, and the copy is mounted.

use std::fs::{self, File};

use super::{drives, with_drive};
use crate::mount::looped::mount_file;
use crate::scenario::Way;

pub(super) const WAY: Way =
    with_drive("copy", "a drive is copied into a file, then a loop device and mount(2)", |scene| {
        let (disk, copy) = (drives::PRESENT.path()?, scene.path("copy"));
        scene.window(|| {
            fs::write(&copy, fs::read(&disk)?)?;
            mount_file(scene, &File::open(&copy)?)
        })
    });
