//! A mount that a process has held since start-up, and that was on no folder, is put on one.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

use super::{EXT4, MOUNTED, api, drives, with_drive};
use crate::scenario::Way;
use crate::sys::check;

/// The descriptor of the mount. Ways inherit it.
const HELD: RawFd = 202;

pub(super) const WAY: Way = Way {
    unrehearsed: Some("the mount is made once, at start-up, and nothing takes it from its folder again"),
    ..with_drive("held", "move_mount of a drive that a process has held since start-up", |scene| {
        let place = scene.path(MOUNTED);
        // SAFETY: the runner made it, and this process has a copy of its own.
        let mount = unsafe { OwnedFd::from_raw_fd(HELD) };
        scene.window(|| api::attach(&mount, &place))
    })
};

/// Makes the mount.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn set_up() -> io::Result<()> {
    let mount = api::new_mount(EXT4, Some(&drives::HELD.path()?))?;
    // SAFETY: the number is used for nothing else.
    check(unsafe { libc::dup2(mount.as_raw_fd(), HELD) }).map(drop)
}
