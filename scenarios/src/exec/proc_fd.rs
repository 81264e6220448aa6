//! `execve` of a link in `/proc` to an open file.

use std::fs::File;
use std::os::fd::AsRawFd;

use super::scene_files::VULNERABLE;
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("proc-fd", "execve of /proc/self/fd/N", |scene| {
    let file = File::open(VULNERABLE)?;
    super::execute(scene, &format!("/proc/self/fd/{}", file.as_raw_fd()))
});
