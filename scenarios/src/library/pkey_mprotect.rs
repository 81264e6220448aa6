//! The same by `pkey_mprotect`, without a key.

use super::{LIBRARY_C, PAGE, map, open, run_after};
use crate::scenario::Way;
use crate::sys::check_long;

/// The page keeps its key.
const NO_KEY: i32 = -1;

pub(super) const WAY: Way =
    Way::ordinary("pkey-mprotect", "mmap(PROT_READ), then pkey_mprotect(PROT_EXEC)", |scene| {
        run_after(scene, || {
            let address = map(open(LIBRARY_C)?, libc::PROT_READ, libc::MAP_PRIVATE)?;
            let protection = libc::PROT_READ | libc::PROT_EXEC;
            // SAFETY: the page was mapped for this.
            check_long(unsafe { libc::syscall(libc::SYS_pkey_mprotect, address, PAGE, protection, NO_KEY) })?;
            Ok(address)
        })
    });
