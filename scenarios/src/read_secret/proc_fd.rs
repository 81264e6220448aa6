//! Another process's open file, opened once more.

use super::{INHERITED, holder, open_path, read_after};
use crate::scenario::Way;
use crate::sys::path;

pub(super) const WAY: Way = Way::ordinary("proc-fd", "openat of /proc/PID/fd/N", |scene| {
    let path = path(&format!("/proc/{}/fd/{INHERITED}", holder::process()))?;
    read_after(scene, || open_path(&path))
});
