//! A medium that was mounted without the right to execute gets that right.

use std::io;

use super::{EARLIER, with_medium};
use crate::scenario::Way;
use crate::scene::{Scene, Shared};
use crate::sys::{check, check_long, path};

/// `MOUNT_ATTR_NOEXEC` of the kernel's `mount.h`.
const NOEXEC: u64 = 8;

/// The kernel's `struct mount_attr`.
#[repr(C)]
#[derive(Debug, Default)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    namespace: u64,
}

pub(super) const WAY: Way = Way {
    has_effect: Some(may_execute),
    ..with_medium("mount-setattr", "mount_setattr clears noexec of a medium that is mounted", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let place = path(&scene.path(EARLIER))?;
    let attributes = Attributes { clear: NOEXEC, ..Attributes::default() };
    let (call, here, size) = (libc::SYS_mount_setattr, libc::AT_FDCWD, size_of::<Attributes>());
    scene.window(|| {
        // SAFETY: the path and the structure outlive the call.
        check_long(unsafe { libc::syscall(call, here, place.as_ptr(), 0, &raw const attributes, size) })
    })?;
    Ok(())
}

fn may_execute(scene: &Scene, _: &Shared) -> io::Result<bool> {
    let place = path(&scene.path(EARLIER))?;
    // SAFETY: the kernel fills the structure of numbers in.
    let flags = unsafe {
        let mut status: libc::statvfs = std::mem::zeroed();
        check(libc::statvfs(place.as_ptr(), &mut status))?;
        status.f_flag
    };
    Ok(flags & libc::ST_NOEXEC == 0)
}
