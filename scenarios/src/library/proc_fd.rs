//! A path that names a descriptor, as programs load libraries that they have as descriptors.

use super::{INHERITED, map_code, open, run_after};
use crate::scenario::Way;
use crate::sys::path;

pub(super) const WAY: Way =
    Way::ordinary("proc-fd", "openat of /proc/self/fd/N, then mmap(PROT_EXEC)", |scene| {
        let path = path(&format!("/proc/self/fd/{INHERITED}"))?;
        run_after(scene, || map_code(open(&path)?))
    });
