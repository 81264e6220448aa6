//! A personality in which what can be read can be executed.

use super::{LIBRARY_C, map, open, run_after};
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way =
    Way::ordinary("read-implies-exec", "personality(READ_IMPLIES_EXEC), then mmap(PROT_READ)", |scene| {
        // SAFETY: changes how this process maps memory, and nothing else.
        check(unsafe { libc::personality(libc::READ_IMPLIES_EXEC as _) })?;
        run_after(scene, || map(open(LIBRARY_C)?, libc::PROT_READ, libc::MAP_PRIVATE))
    });
