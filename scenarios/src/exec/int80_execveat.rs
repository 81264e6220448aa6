//! `execveat` by the 32-bit entry of the kernel, under another number.

use super::scene_files::VULNERABLE;
use crate::scenario::Way;
use crate::sys::{int80, low_copy};

/// `execveat` in the kernel's `syscall_32.tbl`.
const EXECVEAT: u32 = 358;

pub(super) const WAY: Way =
    Way::ordinary("int80-execveat", "execveat through int 0x80, as number 358", |scene| {
        let file = super::open_path(VULNERABLE)? as u32;
        let empty = low_copy(b"\0")?;
        let arguments = low_copy(&[empty, 0].map(u32::to_le_bytes).concat())?;
        let flags = libc::AT_EMPTY_PATH as u32;
        // SAFETY: the path ends in NUL, the list of arguments in a null pointer, and there is no environment.
        scene.window(|| unsafe { int80(EXECVEAT, [file, empty, arguments, 0, flags, 0]) })?;
        Ok(())
    });
