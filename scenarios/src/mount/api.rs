//! The newer calls for mounting, which the C library does not have.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::sys::{check_long, path};

/// `FSCONFIG_SET_FLAG`, `FSCONFIG_SET_STRING` and `FSCONFIG_CMD_CREATE` of the kernel's `mount.h`.
const SET_FLAG: u32 = 0;
const SET_STRING: u32 = 1;
const CREATE: u32 = 6;
/// `MOVE_MOUNT_F_EMPTY_PATH`: what is moved is the descriptor.
const EMPTY_PATH: u32 = 4;
/// `OPEN_TREE_CLONE`.
const CLONE: u32 = 1;

/// A new mount that is nowhere: by `fsopen`, `fsconfig` and `fsmount`. Read-only, if it has a source.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn new_mount(kind: &str, source: Option<&str>) -> io::Result<OwnedFd> {
    let kind = path(kind)?;
    // SAFETY: the name outlives the call.
    let context = descriptor(unsafe { libc::syscall(libc::SYS_fsopen, kind.as_ptr(), 0) })?;
    if let Some(source) = source {
        configure(&context, SET_STRING, "source", source)?;
        configure(&context, SET_FLAG, "ro", "")?;
    }
    configure(&context, CREATE, "", "")?;
    // SAFETY: numbers alone.
    descriptor(unsafe { libc::syscall(libc::SYS_fsmount, context.as_raw_fd(), 0, 0) })
}

fn configure(context: &OwnedFd, command: u32, key: &str, value: &str) -> io::Result<()> {
    let (key, value) = (path(key)?, path(value)?);
    let pointer = |text: &std::ffi::CStr| if text.is_empty() { std::ptr::null() } else { text.as_ptr() };
    // SAFETY: both texts outlive the call.
    check_long(unsafe {
        libc::syscall(libc::SYS_fsconfig, context.as_raw_fd(), command, pointer(&key), pointer(&value), 0)
    })
    .map(drop)
}

/// A copy of the mount at `place`, which is nowhere.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn copy_of(place: &str) -> io::Result<OwnedFd> {
    let place = path(place)?;
    let flags = CLONE | libc::O_CLOEXEC as u32;
    // SAFETY: the path outlives the call.
    descriptor(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, place.as_ptr(), flags) })
}

/// Puts a mount on `place`.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn attach(mount: &OwnedFd, place: &str) -> io::Result<()> {
    let place = path(place)?;
    let (from, here) = (mount.as_raw_fd(), libc::AT_FDCWD);
    // SAFETY: both texts outlive the call.
    check_long(unsafe {
        libc::syscall(libc::SYS_move_mount, from, c"".as_ptr(), here, place.as_ptr(), EMPTY_PATH)
    })
    .map(drop)
}

/// Whether the file system of a mount that is nowhere has the file `marker`.
pub(crate) fn has_marker(mount: &OwnedFd) -> bool {
    // SAFETY: the text outlives the call.
    unsafe { libc::faccessat(mount.as_raw_fd(), c"marker".as_ptr(), libc::F_OK, 0) == 0 }
}

fn descriptor(result: libc::c_long) -> io::Result<OwnedFd> {
    // SAFETY: the kernel just made it, for nobody else.
    check_long(result).map(|fd| unsafe { OwnedFd::from_raw_fd(fd as i32) })
}
