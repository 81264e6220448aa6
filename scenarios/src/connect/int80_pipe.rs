//! A 32-bit call that connects nothing, under the number of the 64-bit `connect`.

use std::sync::atomic::Ordering;

use super::worked;
use crate::scenario::{Kind, Way};
use crate::sys::{int80, low_copy};

/// `pipe` in the kernel's `syscall_32.tbl`, `connect` in `syscall_64.tbl`.
const PIPE: u32 = 42;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("int80-pipe", "pipe through int 0x80, as number 42", |scene| {
        let descriptors = low_copy(&[0; 8])?;
        // SAFETY: the kernel writes two descriptors, for which there is room.
        scene.window(|| unsafe { int80(PIPE, [descriptors, 0, 0, 0, 0, 0]) })?;
        scene.shared.values[0].store(1, Ordering::SeqCst);
        Ok(())
    })
};
