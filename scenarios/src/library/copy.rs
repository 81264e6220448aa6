//! A copy, which is another file.

use std::fs;
use std::io;

use super::{LIBRARY, map_code, open, run_after};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::path;

/// The copy.
const COPY: &str = "libcopy.so";

pub(super) const WAY: Way = Way::ordinary("copy", "copied to another file, then mmap(PROT_EXEC)", |scene| {
    let copy = scene.path(COPY);
    let copied = path(&copy)?;
    run_after(scene, || {
        fs::copy(LIBRARY, &copy)?;
        map_code(open(&copied)?)
    })
});

/// Removes the copy.
pub(super) fn remove(scene: &Scene) -> io::Result<()> {
    scene.remove(COPY)
}
