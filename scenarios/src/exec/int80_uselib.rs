//! `uselib`, by which old programs mapped their libraries: the kernel maps the program and does not start it. Only the
//! 32-bit entry of the kernel has it.

use std::fs;
use std::io;

use super::loader::{entry, jump};
use super::scene_files::VULNERABLE;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{self, int80, low_copy};

/// `uselib` in the kernel's `syscall_32.tbl`.
const USELIB: u32 = 86;

pub(super) const WAY: Way = Way::ordinary(
    "int80-uselib",
    "uselib through int 0x80 maps it as an old library, and the caller jumps into it",
    run,
);

fn run(scene: &Scene) -> io::Result<()> {
    let start = entry(&fs::read(VULNERABLE)?).ok_or(io::Error::from_raw_os_error(libc::ENOEXEC))?;
    let path = low_copy(sys::path(VULNERABLE)?.as_bytes_with_nul())?;
    // SAFETY: the path ends in NUL, and nothing is mapped where the program is.
    scene.window(|| unsafe { int80(USELIB, [path, 0, 0, 0, 0, 0]) })?;
    jump(start)
}
