//! A copy in a file without a name.

use std::fs;
use std::fs::File;
use std::io::Write;
use std::os::fd::{FromRawFd, IntoRawFd};

use super::{LIBRARY, map_code, run_after};
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way = Way::ordinary("memfd", "copied to a memfd, then mmap(PROT_EXEC)", |scene| {
    run_after(scene, || {
        let bytes = fs::read(LIBRARY)?;
        // SAFETY: the descriptor is new, and belongs to the file alone.
        let mut copy = unsafe { File::from_raw_fd(check(libc::memfd_create(c"copy".as_ptr(), 0))?) };
        copy.write_all(&bytes)?;
        map_code(copy.into_raw_fd())
    })
});
