//! A 32-bit call that executes nothing, under the number of the 64-bit `execve`.

use std::sync::atomic::Ordering;

use super::worked;
use crate::scenario::{Kind, Way};
use crate::sys::{int80, low_copy};

/// `oldolduname` in the kernel's `syscall_32.tbl`, `execve` in `syscall_64.tbl`.
const OLDOLDUNAME: u32 = 59;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("int80-oldolduname", "oldolduname through int 0x80, as number 59", |scene| {
        let names = low_copy(&[0; 64])?;
        // SAFETY: the kernel writes five names of nine bytes, for which there is room.
        scene.window(|| unsafe { int80(OLDOLDUNAME, [names, 0, 0, 0, 0, 0]) })?;
        scene.shared.values[1].store(1, Ordering::SeqCst);
        Ok(())
    })
};
