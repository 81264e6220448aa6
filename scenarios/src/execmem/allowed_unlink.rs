//! A harmless 32-bit call whose number is that of `mprotect` for 64-bit programs. A policy that does not ask who calls
//! takes one for the other.

use std::fs;
use std::io;
use std::sync::atomic::Ordering;

use super::text;
use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::{self, int80, low_copy};

/// `unlink` in the kernel's `syscall_32.tbl`.
const UNLINK: u32 = 10;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(super::was_let_through),
    ..Way::ordinary("int80-unlink", "unlink through int 0x80, whose number 10 is mprotect's", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let path = scene.path("deleted");
    fs::write(&path, "")?;
    let address = low_copy(sys::path(&path)?.as_bytes_with_nul())?;
    // SAFETY: the path ends in NUL.
    scene.window(|| unsafe { int80(UNLINK, [address, 0, 0, 0, 0, 0]) })?;
    if !fs::exists(&path)? {
        scene.shared.values[0].store(text::ANSWER, Ordering::SeqCst);
    }
    Ok(())
}
