//! A harmless 32-bit call whose number is that of `execve` for 64-bit programs. A policy that does not ask who calls
//! takes one for the other.

use std::io;
use std::sync::atomic::Ordering;

use crate::scenario::{Kind, Way};
use crate::scene::{Scene, Shared};
use crate::sys::{int80, low_copy};

/// `oldolduname` in the kernel's `syscall_32.tbl`.
const OLDOLDUNAME: u32 = 59;

/// Bytes of its answer: five names of nine bytes.
const ANSWER: usize = 45;

/// How the kernel's name begins, as a number.
const LINUX: u64 = u64::from_le_bytes(*b"Linux\0\0\0");

/// The bytes of a number that belong to that name and its end.
const NAME: u64 = 0xffff_ffff_ffff;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(has_effect),
    ..Way::ordinary("int80-oldolduname", "oldolduname through int 0x80, whose number 59 is execve's", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let answer = low_copy(&[0; ANSWER])?;
    // SAFETY: the kernel writes as many bytes as there are.
    scene.window(|| unsafe { int80(OLDOLDUNAME, [answer, 0, 0, 0, 0, 0]) })?;
    // SAFETY: the memory stays, and has as many bytes.
    let name = unsafe { (answer as usize as *const u64).read_unaligned() };
    scene.shared.values[0].store(name & NAME, Ordering::SeqCst);
    Ok(())
}

fn has_effect(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == LINUX)
}
