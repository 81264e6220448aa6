//! `mprotect` of a private mapping of a library, whose page was written before.

use std::os::fd::AsRawFd;

use super::memory::{DATA, TEXT, fill, map, protect, run};
use super::text;
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary(
    "mprotect-file",
    "mprotect of a private mapping of a library, after writing to it",
    |scene| {
        let page = map(DATA, libc::MAP_PRIVATE, text::open(scene)?.as_raw_fd(), 0)?;
        fill(page);
        scene.window(|| protect(page, TEXT))?;
        run(scene, page);
        Ok(())
    },
);
