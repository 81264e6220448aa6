//! `unshare` by the 32-bit entry of the kernel, under another number.

use crate::scenario::Way;
use crate::sys::int80;

/// `unshare` in the kernel's `syscall_32.tbl`.
const UNSHARE: u32 = 310;

pub(super) const WAY: Way =
    Way::ordinary("int80-unshare", "unshare through int 0x80, as number 310", |scene| {
        // SAFETY: the call has one argument, which is no pointer.
        scene.window(|| unsafe { int80(UNSHARE, [libc::CLONE_NEWUSER as u32, 0, 0, 0, 0, 0]) })?;
        super::arrive(scene)
    });
