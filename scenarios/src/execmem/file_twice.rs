//! A file mapped twice: once to be written and once to be executed. Each mapping alone looks harmless.

use std::os::fd::AsRawFd;

use super::memory::{DATA, TEXT, fill, map, run};
use super::text::new_file;
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("file-twice", "maps a file twice, to write and to execute", |scene| {
        let file = new_file(scene, "written")?;
        fill(map(DATA, libc::MAP_SHARED, file.as_raw_fd(), 0)?);
        let page = scene.window(|| map(TEXT, libc::MAP_SHARED, file.as_raw_fd(), 0))?;
        run(scene, page);
        Ok(())
    });
