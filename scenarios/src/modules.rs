//! The kernel modules that ways need. hookbench puts them into the guest, with those that they depend on; when it
//! cannot, it puts the reason there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::exchange::{MODULES, MODULES_GONE, MODULES_NOT_BUILT, MODULES_ORDER};
use crate::scenario::Need;
use crate::sys::{check_long, path};

/// The path of the module `name` in the guest, uncompressed.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(MODULES).join(format!("{name}.ko"))
}

/// The path of the module `name` in the guest, as it is in the package that has it compressed.
pub(crate) fn compressed_file(name: &str) -> PathBuf {
    Path::new(MODULES).join(format!("{name}.ko.xz"))
}

/// The sources of hookbench's own modules that ways and policies load. They include the header `hookbench.h` of the modules
/// that monitors load.
pub const SOURCES: &[(&str, &str)] = &[
    ("Kbuild", include_str!("../modules/Kbuild")),
    ("hookbench-hide.c", include_str!("../modules/hookbench-hide.c")),
    ("hookbench-refuse.c", include_str!("../modules/hookbench-refuse.c")),
];

/// The module by which the policy `livepatch` refuses.
pub(crate) const REFUSE: &str = "hookbench-refuse";

/// Why the guest lacks `need`; `None` if it has it.
pub(crate) fn lack(need: Need) -> Option<String> {
    let said = |name: &str| fs::read_to_string(Path::new(MODULES).join(name)).ok();
    let gone = said(MODULES_GONE);
    let (is_there, what, why) = match need {
        // A module that the package does not have is built in.
        Need::Loaded(name) => (gone.is_none() || is_loaded(name), format!("module {name}"), gone),
        Need::ModuleFile(name) => (file(name).exists(), format!("module {name}"), gone),
        Need::CompressedModuleFile(name) => {
            (compressed_file(name).exists(), format!("compressed module {name}"), gone)
        }
        Need::BuiltModule(name) => (file(name).exists(), format!("module {name}"), said(MODULES_NOT_BUILT)),
    };
    (!is_there).then(|| match why {
        Some(why) => format!("the guest has no {what}: {}", why.trim_end()),
        None => format!("the kernel's package has no {what}"),
    })
}

/// Whether the kernel lists the module `name`.
pub(crate) fn is_loaded(name: &str) -> bool {
    Path::new("/sys/module").join(name).exists()
}

/// Loads the module `name` with `options`, after the modules that it needs. Does nothing if the guest has no such
/// module, as where it is built in.
///
/// # Errors
/// When the kernel refuses one of them.
pub(crate) fn load(name: &str, options: &str) -> io::Result<()> {
    let order = match fs::read_to_string(Path::new(MODULES).join(MODULES_ORDER)) {
        Ok(order) => order,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let line = order.lines().find(|line| line.split(' ').next_back() == Some(name));
    for module in line.unwrap_or_default().split(' ').filter(|module| !module.is_empty()) {
        match load_file(module, if module == name { options } else { "" }) {
            Err(error) if error.raw_os_error() != Some(libc::EEXIST) => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Loads the file of the module `name` with `options`, and no other module.
///
/// # Errors
/// When the guest has no such file, or the kernel refuses.
pub(crate) fn load_file(name: &str, options: &str) -> io::Result<()> {
    let (bytes, options) = (fs::read(file(name))?, path(options)?);
    // SAFETY: reads `bytes` and a string, which both outlive the call.
    let loaded =
        unsafe { libc::syscall(libc::SYS_init_module, bytes.as_ptr(), bytes.len(), options.as_ptr()) };
    check_long(loaded).map(drop)
}

/// Unloads the module `name`. Does nothing if it is not loaded.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn unload(name: &str) -> io::Result<()> {
    // Where loading is switched off for good, this is too.
    if !is_loaded(name) {
        return Ok(());
    }
    let name = path(name)?;
    // SAFETY: reads a string, which outlives the call.
    match check_long(unsafe { libc::syscall(libc::SYS_delete_module, name.as_ptr(), libc::O_NONBLOCK) }) {
        Err(error) if error.raw_os_error() != Some(libc::ENOENT) => Err(error),
        _ => Ok(()),
    }
}
