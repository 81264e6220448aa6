//! A file that the way has written and closed. When it is mapped, it looks like any program of this user.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::memory::{CODE, TEXT, map, run};
use super::text::new_file;
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary(
    "file-reopened",
    "writes a file, closes it, and maps it with PROT_EXEC as a library is mapped",
    |scene| {
        new_file(scene, "written")?.write_all_at(&CODE, 0)?;
        let file = File::open(scene.path("written"))?;
        let page = scene.window(|| map(TEXT, libc::MAP_PRIVATE, file.as_raw_fd(), 0))?;
        run(scene, page);
        Ok(())
    },
);
