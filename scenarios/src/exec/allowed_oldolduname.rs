//! A harmless 32-bit call whose number is that of `execve` for 64-bit programs. A policy that does not ask who calls
//! takes one for the other.

use std::io;
use std::sync::atomic::Ordering;

use crate::low_memory::LowMemory;
use crate::scenario::{Kind, Way};
use crate::scene::{Scene, Shared};
use crate::sys::int80;

/// `oldolduname` in the kernel's `syscall_32.tbl`.
const OLDOLDUNAME: u32 = 59;

/// Bytes of its answer: five names of nine bytes.
const ANSWER: usize = 45;

/// How the kernel's name begins, as a number.
const LINUX: u64 = u64::from_le_bytes(*b"Linux\0\0\0");

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(has_effect),
    ..Way::ordinary("int80-oldolduname", "oldolduname through int 0x80, whose number 59 is execve's", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let mut memory = LowMemory::map()?;
    let answer = memory.put(&[0; ANSWER])?;
    // SAFETY: the kernel writes as many bytes as there are.
    scene.window(|| unsafe { int80(OLDOLDUNAME, [answer, 0, 0, 0, 0, 0]) })?;
    let mut name = [0; 8];
    name[..6].copy_from_slice(&memory.get(answer, 6));
    scene.shared.values[0].store(u64::from_le_bytes(name), Ordering::SeqCst);
    Ok(())
}

fn has_effect(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == LINUX)
}
