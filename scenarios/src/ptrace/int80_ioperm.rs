//! A 32-bit call that traces nothing, under the number of the 64-bit `ptrace`.

use std::sync::atomic::Ordering;

use super::worked;
use crate::scenario::{Kind, Way};
use crate::sys::int80;

/// `ioperm` in the kernel's `syscall_32.tbl`, `ptrace` in `syscall_64.tbl`.
const IOPERM: u32 = 101;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("int80-ioperm", "ioperm through int 0x80, as number 101", |scene| {
        // SAFETY: it gives up a port that the process never had.
        scene.window(|| unsafe { int80(IOPERM, [0x80, 1, 0, 0, 0, 0]) })?;
        scene.shared.values[0].store(1, Ordering::SeqCst);
        Ok(())
    })
};
