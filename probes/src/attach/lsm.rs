//! What monitors that are security modules need: whether the kernel has the module
//! active, and the module's file system.

use std::ffi::CString;
use std::fs;
use std::io;
use std::ptr;

use anyhow::{Context, Result};

use super::attached::Error;

/// The kernel's list of active modules.
const LIST: &str = "/sys/kernel/security/lsm";

/// Checks that `module` is active.
///
/// # Errors
/// [`Error::Unsupported`] when it is not; the text lists the active ones.
pub fn require_active(module: &str) -> Result<(), Error> {
    let active = fs::read_to_string(LIST).with_context(|| format!("failed to read {LIST}"))?;
    if active.trim().split(',').any(|other| other == module) {
        return Ok(());
    }
    Err(Error::Unsupported(format!(
        "the boot line names {module}, but this kernel has only {} active",
        active.trim()
    )))
}

/// Mounts one of the kernel's file systems.
///
/// # Errors
/// When it cannot be.
pub fn mount(kind: &str, place: &str) -> Result<()> {
    let (name, folder) = (CString::new(kind)?, CString::new(place)?);
    // SAFETY: all strings end in NUL and outlive the call; there are no options.
    let mounted = unsafe { libc::mount(name.as_ptr(), folder.as_ptr(), name.as_ptr(), 0, ptr::null()) };
    match mounted {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()).with_context(|| format!("failed to mount {kind} on {place}")),
    }
}
