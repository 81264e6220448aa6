//! The code is copied to memory that has no file.

use super::{LIBRARY_C, PAGE, make_executable, map, open, run_after};
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way =
    Way::ordinary("anonymous", "read into anonymous memory, then mprotect(PROT_EXEC)", |scene| {
        run_after(scene, || {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let address = map(-1, libc::PROT_READ | libc::PROT_WRITE, flags)?;
            let library = open(LIBRARY_C)?;
            // SAFETY: the page was mapped for this.
            let read = unsafe { libc::pread(library, address as *mut _, PAGE, PAGE as i64) };
            check_long(read as i64)?;
            make_executable(address)
        })
    });
