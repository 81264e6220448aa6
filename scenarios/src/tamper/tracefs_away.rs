//! `umount /sys/kernel/tracing`: what reads ftrace's files finds none.

use super::{tampering, then_unshare};
use crate::scenario::Way;
use crate::sys::{check, mount};

const FOLDER: &str = "/sys/kernel/tracing";

pub(super) const WAY: Way = tampering("tracefs-umount", "umount /sys/kernel/tracing", |scene| {
    let folder = crate::sys::path(FOLDER)?;
    then_unshare(
        scene,
        // SAFETY: the path outlives the call.
        || check(unsafe { libc::umount2(folder.as_ptr(), libc::MNT_DETACH) }).map(drop),
        || mount("tracefs", FOLDER, Some("tracefs"), 0, ""),
    )
});
