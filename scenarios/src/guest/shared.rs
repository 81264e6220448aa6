//! Makes the memory that the runner shares with ways and with the programs that they execute.

use anyhow::{Context, Result};

use crate::scene::{SHARED_FD, Shared, shared};
use crate::sys::check;

/// Makes it, at the descriptor that all programs know.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn make() -> Result<&'static Shared> {
    // SAFETY: plain system calls.
    unsafe {
        let file = check(libc::memfd_create(c"shared".as_ptr(), 0)).context("failed to make a memfd")?;
        check(libc::ftruncate(file, size_of::<Shared>() as i64)).context("failed to size the memfd")?;
        check(libc::dup2(file, SHARED_FD)).context("failed to move the memfd")?;
        check(libc::close(file)).context("failed to close the memfd")?;
    }
    shared().context("failed to map the shared memory")
}
