//! `process_vm_writev`, which does not trace.

use std::io;

use super::{WORD, address, victim};
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way =
    Way::ordinary("vm-writev", "process_vm_writev", |scene| scene.window(|| write(victim(), address())));

/// Writes the word to `address` of `process`.
pub(super) fn write(process: libc::pid_t, address: usize) -> io::Result<()> {
    let word = WORD;
    let from = libc::iovec { iov_base: (&raw const word).cast_mut().cast(), iov_len: size_of_val(&word) };
    let to = libc::iovec { iov_base: address as *mut _, iov_len: size_of_val(&word) };
    // SAFETY: the kernel reads `word`, and checks the other process's address.
    check_long(unsafe { libc::process_vm_writev(process, &from, 1, &to, 1, 0) } as i64).map(drop)
}
