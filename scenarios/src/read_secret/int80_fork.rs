//! A 32-bit call that opens nothing, under the number of the 64-bit `open`.

use std::sync::atomic::Ordering;

use super::worked;
use crate::scenario::{Kind, Way};
use crate::sys::{check, int80};

/// `fork` in the kernel's `syscall_32.tbl`, `open` in `syscall_64.tbl`.
const FORK: u32 = 2;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("int80-fork", "fork through int 0x80, as number 2", |scene| {
        // SAFETY: it returns twice, in a process with one thread.
        let child = scene.window(|| unsafe { int80(FORK, [0; 6]) })?;
        if child == 0 {
            scene.shared.values[0].store(1, Ordering::SeqCst);
            // SAFETY: leaves without running what the parent has to run.
            unsafe { libc::_exit(0) };
        }
        // SAFETY: no status is asked for.
        check(unsafe { libc::waitpid(child as i32, std::ptr::null_mut(), 0) }).map(drop)
    })
};
