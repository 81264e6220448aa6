//! A harmless 32-bit call whose number is that of `unshare` for 64-bit programs. A policy that does not ask who calls
//! takes one for the other.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::int80;

/// `fadvise64_64` in the kernel's `syscall_32.tbl`.
const FADVISE: u32 = 272;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(super::was_let_through),
    ..Way::ordinary("int80-fadvise", "fadvise64_64 through int 0x80, whose number 272 is unshare's", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let file = File::open("/proc/self/exe")?;
    let advice = libc::POSIX_FADV_WILLNEED as u32;
    // SAFETY: the call has no pointers. An offset and a length are two arguments each.
    scene.window(|| unsafe { int80(FADVISE, [file.as_raw_fd() as u32, 0, 0, 0, 0, advice]) })?;
    super::let_through(scene);
    Ok(())
}
