//! `truncate` by the 32-bit entry of the kernel, where its number is 92.

use super::LOG_C;
use crate::scenario::Way;
use crate::sys::{int80, low_copy};

/// `truncate` in the kernel's `syscall_32.tbl`.
const TRUNCATE: u32 = 92;

pub(super) const WAY: Way =
    Way::ordinary("int80-truncate", "truncate through int 0x80, as number 92", |scene| {
        let path = low_copy(LOG_C.to_bytes_with_nul())?;
        // SAFETY: the path stays.
        scene.window(|| unsafe { int80(TRUNCATE, [path, 0, 0, 0, 0, 0]) }).map(drop)
    });
