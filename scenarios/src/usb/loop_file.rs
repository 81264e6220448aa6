//! An allowed neighbour: a loop device over a file that is on no drive.

use std::fs::{self, File};

use super::with_drive;
use crate::mount::image;
use crate::mount::looped::mount_file;
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    ..with_drive("loop-file", "a loop device over a file that is on no drive, then mount(2)", |scene| {
        let path = scene.path("file.img");
        fs::write(&path, image::ext2())?;
        scene.window(|| mount_file(scene, &File::open(&path)?))
    })
};
