//! Kernel modules that you bring with your own kernel: loaded in the order of their names, before anything is
//! attached or counted.

use std::ffi::OsString;
use std::fs;
use std::io;

use anyhow::{Context, Result, bail};
use hookbench_model::protocol::MODULES;

/// Loads the modules of the payload, if it has any.
///
/// # Errors
/// When the kernel refuses one.
pub(crate) fn load_all() -> Result<()> {
    let folder = format!("/{MODULES}");
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("failed to list {folder}"))?,
    };
    let mut names: Vec<OsString> =
        entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<Result<_, _>>()?;
    names.sort();
    for name in names {
        let name = name.to_string_lossy();
        let bytes = fs::read(format!("{folder}/{name}")).with_context(|| format!("failed to read {name}"))?;
        // SAFETY: reads `bytes` and an empty string, which both outlive the call.
        let result =
            unsafe { libc::syscall(libc::SYS_init_module, bytes.as_ptr(), bytes.len(), c"".as_ptr()) };
        match io::Error::last_os_error() {
            _ if result == 0 => {}
            error if error.raw_os_error() == Some(libc::EEXIST) => {}
            error => {
                bail!("failed to load the module {name}: {error}; was it built for exactly this kernel?")
            }
        }
    }
    Ok(())
}
