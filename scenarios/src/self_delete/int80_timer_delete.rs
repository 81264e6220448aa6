//! An allowed neighbour: a 32-bit call whose number is that of `unlinkat` for 64-bit callers.

use std::io;
use std::ptr::null_mut;
use std::sync::atomic::Ordering;

use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::{check, check_long, int80};

/// `timer_delete` in the kernel's `syscall_32.tbl`.
const TIMER_DELETE: u32 = 263;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(|_, shared| Ok(shared.values[0].load(Ordering::SeqCst) == 1)),
    ..Way::ordinary(
        "int80-timer-delete",
        "timer_delete through int 0x80, whose number 263 is that of unlinkat",
        run,
    )
};

fn run(scene: &Scene) -> io::Result<()> {
    let mut timer: libc::c_int = 0;
    // SAFETY: an event of which only this field is read, and a number that is ours to write.
    unsafe {
        let mut event: libc::sigevent = std::mem::zeroed();
        event.sigev_notify = libc::SIGEV_NONE;
        let clock = libc::CLOCK_MONOTONIC;
        check_long(libc::syscall(libc::SYS_timer_create, clock, &raw mut event, &raw mut timer))?;
    }
    // SAFETY: the call has one argument, which is no pointer.
    scene.window(|| unsafe { int80(TIMER_DELETE, [timer as u32, 0, 0, 0, 0, 0]) })?;
    // The kernel knows no such timer any more.
    // SAFETY: it would write nothing.
    let left = unsafe { libc::syscall(libc::SYS_timer_getoverrun, timer, null_mut::<u8>()) };
    scene.shared.values[0].store(u64::from(check(left as i32).is_err()), Ordering::SeqCst);
    Ok(())
}
