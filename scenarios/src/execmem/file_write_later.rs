//! A file that the way maps to be executed while nobody has it open for writing, and writes later. The decisive call
//! is the write.

use std::fs::{File, OpenOptions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::memory::{CODE, TEXT, map, run};
use super::text::new_file;
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary(
    "file-write-later",
    "maps a shared file as a library is mapped, then opens it again to write",
    |scene| {
        drop(new_file(scene, "written")?);
        let path = scene.path("written");
        let page = map(TEXT, libc::MAP_SHARED, File::open(&path)?.as_raw_fd(), 0)?;
        scene.window(|| OpenOptions::new().write(true).open(&path)?.write_all_at(&CODE, 0))?;
        run(scene, page);
        Ok(())
    },
);
