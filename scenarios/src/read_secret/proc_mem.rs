//! The same through the file of that process's memory.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::{LENGTH, holder, keep};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary(
    "proc-mem",
    "openat and read of /proc/PID/mem of a process that has read the file",
    |scene| {
        let path = format!("/proc/{}/mem", holder::process());
        let mut bytes = [0; LENGTH];
        scene.window(|| File::open(path)?.read_exact_at(&mut bytes, holder::address() as u64))?;
        keep(scene, &bytes);
        Ok(())
    },
);
