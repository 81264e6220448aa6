//! `init_module`: the caller has the module in its memory, and the kernel sees no file.

use std::fs;

use super::{FORBIDDEN, by_root};
use crate::modules;
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way = by_root("init-module", "init_module with the module in memory", |scene| {
    let bytes = fs::read(modules::file(FORBIDDEN))?;
    scene.window(|| {
        // SAFETY: the bytes and the empty string outlive the call.
        check_long(unsafe { libc::syscall(libc::SYS_init_module, bytes.as_ptr(), bytes.len(), c"".as_ptr()) })
    })?;
    Ok(())
});
