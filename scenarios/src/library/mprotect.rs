//! Mapped for reading, made executable later.

use super::{LIBRARY_C, make_executable, map, open, run_after};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("mprotect", "mmap(PROT_READ), then mprotect(PROT_EXEC)", |scene| {
    run_after(scene, || make_executable(map(open(LIBRARY_C)?, libc::PROT_READ, libc::MAP_PRIVATE)?))
});
