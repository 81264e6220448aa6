//! A shared mapping.

use super::{LIBRARY_C, map, open, run_after};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("mmap-shared", "mmap(PROT_EXEC, MAP_SHARED)", |scene| {
    run_after(scene, || map(open(LIBRARY_C)?, libc::PROT_READ | libc::PROT_EXEC, libc::MAP_SHARED))
});
