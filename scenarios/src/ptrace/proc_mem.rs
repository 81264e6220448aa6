//! The file of the process's memory.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::{WORD, address, victim};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("proc-mem", "openat and write of /proc/PID/mem", |scene| {
    let path = format!("/proc/{}/mem", victim());
    scene.window(|| {
        let memory = File::options().write(true).open(path)?;
        memory.write_all_at(&WORD.to_ne_bytes(), address() as u64)
    })
});
