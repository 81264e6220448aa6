//! `clone` by the 32-bit entry of the kernel, under another number.

use std::ffi::c_long;
use std::io;

use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::int80;

/// `clone` in the kernel's `syscall_32.tbl`.
const CLONE: u32 = 120;

pub(super) const WAY: Way = Way::ordinary("int80-clone", "clone through int 0x80, as number 120", run);

fn run(scene: &Scene) -> io::Result<()> {
    scene.begin()?;
    let flags = (libc::CLONE_NEWUSER | libc::SIGCHLD) as u32;
    // SAFETY: without a stack it returns twice, as fork does.
    match unsafe { int80(CLONE, [flags, 0, 0, 0, 0, 0]) } {
        Ok(child) => super::after_clone(scene, c_long::from(child)),
        Err(error) => {
            scene.end();
            Err(error)
        }
    }
}
