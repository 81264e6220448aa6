//! `open` by the 32-bit entry of the kernel, where its number is 5.

use super::{SECRET_C, read_after};
use crate::scenario::Way;
use crate::sys::{int80, low_copy};

/// `open` in the kernel's `syscall_32.tbl`.
const OPEN: u32 = 5;

pub(super) const WAY: Way = Way::ordinary("int80-open", "open through int 0x80, as number 5", |scene| {
    let path = low_copy(SECRET_C.to_bytes_with_nul())?;
    // SAFETY: the path stays.
    read_after(scene, || unsafe { int80(OPEN, [path, 0, 0, 0, 0, 0]) }.map(|fd| fd as i32))
});
