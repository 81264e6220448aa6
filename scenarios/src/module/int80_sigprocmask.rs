//! An allowed neighbour: a 32-bit call whose number is that of `init_module` for 64-bit callers.

use std::io;
use std::sync::atomic::Ordering;

use crate::scenario::{Kind, Way};
use crate::scene::{Scene, Shared};
use crate::sys::{check, int80, low_copy};

/// `rt_sigprocmask` in the kernel's `syscall_32.tbl`.
const SIGPROCMASK: u32 = 175;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(is_blocked),
    ..Way::ordinary(
        "int80-sigprocmask",
        "rt_sigprocmask through int 0x80, whose number 175 is that of init_module",
        run,
    )
};

fn run(scene: &Scene) -> io::Result<()> {
    let mask = low_copy(&(1u64 << (libc::SIGUSR1 - 1)).to_ne_bytes())?;
    // SAFETY: the copy stays until the process ends, and has the 8 bytes of a mask.
    scene.window(|| unsafe { int80(SIGPROCMASK, [libc::SIG_BLOCK as u32, mask, 0, 8, 0, 0]) })?;
    // SAFETY: the mask is ours to write; null asks for the present one.
    let blocked = unsafe {
        let mut mask = std::mem::zeroed();
        check(libc::sigprocmask(libc::SIG_BLOCK, std::ptr::null(), &mut mask))?;
        check(libc::sigismember(&mask, libc::SIGUSR1))?
    };
    scene.shared.values[0].store(blocked as u64, Ordering::SeqCst);
    Ok(())
}

fn is_blocked(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == 1)
}
