//! `mprotect` by the 32-bit entry of the kernel, under another number.

use super::memory::{CODE, PAGE, TEXT, run};
use crate::scenario::Way;
use crate::sys::{int80, low_copy};

/// `mprotect` in the kernel's `syscall_32.tbl`.
const MPROTECT: u32 = 125;

pub(super) const WAY: Way =
    Way::ordinary("int80-mprotect", "mprotect through int 0x80, as number 125", |scene| {
        let page = low_copy(&CODE)?;
        // SAFETY: the page was mapped here and holds nothing but the code.
        scene.window(|| unsafe { int80(MPROTECT, [page, PAGE as u32, TEXT as u32, 0, 0, 0]) })?;
        run(scene, page as usize as *const u8);
        Ok(())
    });
