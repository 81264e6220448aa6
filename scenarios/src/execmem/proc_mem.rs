//! A write to `/proc/self/mem`, which the kernel makes in memory that may not be written.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;

use super::memory::{CODE, run};
use super::text;
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("proc-mem", "writes to a library's text through /proc/self/mem", |scene| {
        let page = text::mapped(scene, 0)?;
        let memory = OpenOptions::new().write(true).open("/proc/self/mem")?;
        scene.window(|| memory.write_all_at(&CODE, page as u64))?;
        run(scene, page);
        Ok(())
    });
