//! `ptrace` by the 32-bit entry of the kernel, where its number is 26.

use std::io;

use super::{WORD, address, victim, wait_for_stop};
use crate::scenario::Way;
use crate::sys::int80;

/// `ptrace` in the kernel's `syscall_32.tbl`.
const PTRACE: u32 = 26;

pub(super) const WAY: Way = Way::ordinary(
    "int80-ptrace",
    "ptrace through int 0x80, as number 26: ATTACH, POKEDATA, DETACH",
    |scene| {
        scene.window(|| {
            ptrace(libc::PTRACE_ATTACH, 0, 0)?;
            wait_for_stop(victim())?;
            ptrace(libc::PTRACE_POKEDATA, address() as u32, WORD as u32)?;
            ptrace(libc::PTRACE_DETACH, 0, 0)
        })
    },
);

fn ptrace(request: u32, address: u32, data: u32) -> io::Result<()> {
    // SAFETY: these requests do not write to the caller's memory.
    unsafe { int80(PTRACE, [request, victim() as u32, address, data, 0, 0]) }.map(drop)
}
