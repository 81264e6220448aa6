//! `O_APPEND` can be switched off.

use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::{LENGTH, open_to_append};
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way =
    Way::ordinary("append-fcntl", "fcntl(F_SETFL) switches O_APPEND off, then pwrite64", |scene| {
        scene.window(|| {
            let log = open_to_append()?;
            // SAFETY: no memory is involved.
            check(unsafe { libc::fcntl(log.as_raw_fd(), libc::F_SETFL, 0) })?;
            log.write_all_at(&[0; LENGTH], 0)
        })
    });
