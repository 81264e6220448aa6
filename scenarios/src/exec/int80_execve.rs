//! `execve` by the 32-bit entry of the kernel, under another number.

use super::scene_files::VULNERABLE;
use crate::scenario::Way;
use crate::sys::{self, int80, low_copy};

/// `execve` in the kernel's `syscall_32.tbl`.
const EXECVE: u32 = 11;

pub(super) const WAY: Way = Way::ordinary("int80-execve", "execve through int 0x80, as number 11", |scene| {
    let path = low_copy(sys::path(VULNERABLE)?.as_bytes_with_nul())?;
    let arguments = low_copy(&[path, 0].map(u32::to_le_bytes).concat())?;
    // SAFETY: the path ends in NUL, the list of arguments in a null pointer, and there is no environment.
    scene.window(|| unsafe { int80(EXECVE, [path, arguments, 0, 0, 0, 0]) })?;
    Ok(())
});
