//! A copy, which is another file.

use std::fs;

use super::{LIBRARY, map_code, open, run_after};
use crate::scenario::Way;
use crate::sys::path;

pub(super) const WAY: Way = Way::ordinary("copy", "copied to another file, then mmap(PROT_EXEC)", |scene| {
    let copy = scene.path("libcopy.so");
    let copied = path(&copy)?;
    run_after(scene, || {
        fs::copy(LIBRARY, &copy)?;
        map_code(open(&copied)?)
    })
});
