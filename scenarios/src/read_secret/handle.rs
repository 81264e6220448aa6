//! `open_by_handle_at`: no path in the decisive call. It needs a capability of root.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use super::{SECRET_C, read_after};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, check_long};

/// The longest handle of the kernel, in bytes.
const LONGEST: u32 = 128;

pub(super) const WAY: Way =
    Way { as_root: true, ..Way::ordinary("handle", "root calls open_by_handle_at", run) };

/// `struct file_handle`.
#[repr(C)]
struct Handle {
    length: u32,
    kind: i32,
    bytes: [u8; LONGEST as usize],
}

fn run(scene: &Scene) -> io::Result<()> {
    let mut handle = Handle { length: LONGEST, kind: 0, bytes: [0; LONGEST as usize] };
    let mut mount = 0i32;
    let folder = File::open(&scene.folder)?;
    let (path, at) = (SECRET_C.as_ptr(), &raw mut handle);
    // SAFETY: the path, the handle and the number of the mount outlive the call.
    check_long(unsafe {
        libc::syscall(libc::SYS_name_to_handle_at, libc::AT_FDCWD, path, at, &raw mut mount, 0)
    })?;
    read_after(scene, || {
        // SAFETY: the handle outlives the call.
        let open =
            unsafe { libc::syscall(libc::SYS_open_by_handle_at, folder.as_raw_fd(), at, libc::O_RDONLY) };
        check(open as i32)
    })
}
