//! `/sys/kernel/debug/kprobes/enabled`: all kprobes of the kernel at once.

use std::ffi::CStr;
use std::fs;
use std::io;

use super::{switched_off, tampering};
use crate::scenario::Way;
use crate::sys::check;

const FOLDER: &CStr = c"/sys/kernel/debug";
const FILE: &str = "/sys/kernel/debug/kprobes/enabled";

pub(super) const WAY: Way = tampering("kprobes-enabled", "0 to /sys/kernel/debug/kprobes/enabled", |scene| {
    if fs::metadata(FILE).is_err() {
        mount()?;
    }
    switched_off(scene, FILE, "0", "1")
});

fn mount() -> io::Result<()> {
    let kind = c"debugfs";
    // SAFETY: all strings outlive the call.
    check(unsafe { libc::mount(kind.as_ptr(), FOLDER.as_ptr(), kind.as_ptr(), 0, std::ptr::null()) })
        .map(drop)
}
