//! The login uid of a process (`auid` in audit rules): who logged in. A process of a guest has none until it is set.

use std::fs::OpenOptions;
use std::io::{self, Write};

/// The file that holds it.
pub const FILE: &str = "/proc/self/loginuid";

/// Sets the login uid of this process.
///
/// # Errors
/// When the kernel refuses.
pub fn set(uid: u32) -> io::Result<()> {
    OpenOptions::new().write(true).open(FILE)?.write_all(uid.to_string().as_bytes())
}
