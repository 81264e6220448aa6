//! A program in an unnamed file of an ordinary file system.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;

use super::has_arrived;
use super::image::{become_file, fill};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    has_effect: Some(has_arrived),
    ..Way::ordinary("tmpfile", "the program is executed from a file made with O_TMPFILE", |scene| {
        let file = File::options()
            .read(true)
            .write(true)
            .custom_flags(libc::O_TMPFILE)
            .mode(0o755)
            .open(&scene.folder)?;
        let program = fill(file)?;
        scene.window(|| become_file(&program))
    })
};
