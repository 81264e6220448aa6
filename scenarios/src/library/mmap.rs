//! What the loader of programs does, and `dlopen`.

use super::{LIBRARY_C, map_code, open, run_after};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("mmap", "openat, then mmap(PROT_EXEC)", |scene| {
    run_after(scene, || map_code(open(LIBRARY_C)?))
});
