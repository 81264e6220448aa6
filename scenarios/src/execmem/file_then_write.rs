//! `mmap` of an empty file, which the way writes afterwards.

use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::memory::{CODE, TEXT, map, run};
use super::text::new_file;
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("file-then-write", "maps a shared file with PROT_EXEC, then writes to it", |scene| {
        let file = new_file(scene, "written")?;
        let page = scene.window(|| map(TEXT, libc::MAP_SHARED, file.as_raw_fd(), 0))?;
        file.write_all_at(&CODE, 0)?;
        run(scene, page);
        Ok(())
    });
