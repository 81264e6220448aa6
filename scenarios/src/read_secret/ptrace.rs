//! The same by `ptrace`.

use std::io;
use std::ptr::null_mut;

use super::{LENGTH, holder, keep};
use crate::scenario::Way;
use crate::sys::{check, check_long};

pub(super) const WAY: Way =
    Way::ordinary("ptrace", "ptrace(PEEKDATA) in a process that has read the file", |scene| {
        let bytes = scene.window(|| peek())?;
        keep(scene, &bytes);
        Ok(())
    });

fn peek() -> io::Result<[u8; LENGTH]> {
    let (process, address, none) = (holder::process(), holder::address(), null_mut::<u8>());
    let mut bytes = [0; LENGTH];
    // SAFETY: the kernel writes words to `word` alone, and checks the other process's addresses.
    unsafe {
        check_long(libc::syscall(libc::SYS_ptrace, libc::PTRACE_ATTACH, process, none, none))?;
        check(libc::waitpid(process, null_mut(), libc::__WALL))?;
        for (index, part) in bytes.chunks_exact_mut(8).enumerate() {
            let mut word = 0u64;
            let (from, to) = (address + 8 * index, &raw mut word);
            check_long(libc::syscall(libc::SYS_ptrace, libc::PTRACE_PEEKDATA, process, from, to))?;
            part.copy_from_slice(&word.to_ne_bytes());
        }
        check_long(libc::syscall(libc::SYS_ptrace, libc::PTRACE_DETACH, process, none, none))?;
    }
    Ok(bytes)
}
