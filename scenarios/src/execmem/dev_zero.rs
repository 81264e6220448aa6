//! `mmap` of `/dev/zero`: memory without a file, which looks like a file.

use std::fs::OpenOptions;
use std::os::fd::AsRawFd;

use super::memory::{BOTH, fill, map, run};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("dev-zero", "mmap of /dev/zero to write and execute", |scene| {
    let zero = OpenOptions::new().read(true).write(true).open("/dev/zero")?;
    let page = scene.window(|| map(BOTH, libc::MAP_PRIVATE, zero.as_raw_fd(), 0))?;
    fill(page);
    run(scene, page);
    Ok(())
});
