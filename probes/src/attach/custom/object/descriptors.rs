//! How many files the agent may have open. A large object needs several for each program, and
//! loaders raise the limit for them.

use std::io;

use anyhow::{Context, Result};

/// The descriptors that a program and its link need while their runs are counted.
const PER_PROGRAM: usize = 3;
/// What else is open.
const OTHERS: usize = 128;

/// Raises the limit if it is too low for so many programs and maps.
///
/// # Errors
/// When the kernel does not raise it.
pub(super) fn allow_for(programs: usize, maps: usize) -> Result<()> {
    let needed = (PER_PROGRAM * programs + maps + OTHERS) as libc::rlim_t;
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid to write to and to read.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) != 0 {
            return Err(io::Error::last_os_error()).context("failed to read the limit of open files");
        }
        if limit.rlim_cur >= needed {
            return Ok(());
        }
        limit = libc::rlimit { rlim_cur: needed, rlim_max: limit.rlim_max.max(needed) };
        if libc::setrlimit(libc::RLIMIT_NOFILE, &limit) != 0 {
            let error = io::Error::last_os_error();
            return Err(error)
                .with_context(|| format!("failed to raise the limit of open files to {needed}"));
        }
    }
    Ok(())
}
