//! The path through another process's root.

use super::{SECRET, holder, open_path, read_after};
use crate::scenario::Way;
use crate::sys::path;

pub(super) const WAY: Way = Way::ordinary("proc-root", "openat of /proc/PID/root/…", |scene| {
    let path = path(&format!("/proc/{}/root{SECRET}", holder::process()))?;
    read_after(scene, || open_path(&path))
});
