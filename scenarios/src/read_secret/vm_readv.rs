//! The bytes from the memory of a process that has read them.

use super::{LENGTH, holder, keep};
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way =
    Way::ordinary("vm-readv", "process_vm_readv from a process that has read the file", |scene| {
        let mut bytes = [0u8; LENGTH];
        let to = libc::iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: LENGTH };
        let from = libc::iovec { iov_base: holder::address() as *mut _, iov_len: LENGTH };
        // SAFETY: the kernel writes to `bytes`, and checks the other process's address.
        let read = || unsafe { libc::process_vm_readv(holder::process(), &to, 1, &from, 1, 0) };
        scene.window(|| check_long(read() as i64))?;
        keep(scene, &bytes);
        Ok(())
    });
