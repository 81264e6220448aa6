//! The medium is copied into a file, and the copy is mounted.

use std::fs::{self, File};
use std::io::{self, Read};

use super::looped::{NEEDS, mount_file};
use super::{image, media, with_medium};
use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way = Way {
    needs: NEEDS,
    ..with_medium("loop-copy", "/dev/sda is copied into a file, then a loop device and mount(2)", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let copy = scene.path("copy");
    scene.window(|| {
        let mut bytes = vec![0; image::ext2().len()];
        File::open(media::FIRST)?.read_exact(&mut bytes)?;
        fs::write(&copy, bytes)?;
        mount_file(scene, &File::open(&copy)?)
    })
}
