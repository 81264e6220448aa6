//! `mmap` of a file that the way has written and still has open.

use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::memory::{CODE, TEXT, map, run};
use super::text::new_file;
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("file", "writes a file, then maps it with PROT_EXEC by the same descriptor", |scene| {
        let file = new_file(scene, "written")?;
        file.write_all_at(&CODE, 0)?;
        let page = scene.window(|| map(TEXT, libc::MAP_PRIVATE, file.as_raw_fd(), 0))?;
        run(scene, page);
        Ok(())
    });
