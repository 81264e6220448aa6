//! `unshare` by the x32 entry of the kernel: its number has another bit set, and a filter by number does not match.

use crate::scenario::Way;
use crate::sys::check_long;

/// The bit of x32's numbers.
const X32: i64 = 0x4000_0000;

pub(super) const WAY: Way =
    Way::ordinary("x32-unshare", "unshare as an x32 program calls it (needs syscall.x32=y)", |scene| {
        let number = X32 | libc::SYS_unshare;
        // SAFETY: the call has one argument, which is no pointer.
        scene.window(|| check_long(unsafe { libc::syscall(number, libc::CLONE_NEWUSER) }))?;
        super::arrive(scene)
    });
