//! `clone3` by the 32-bit entry of the kernel. Its number is the same for both, its flags are in memory.

use std::ffi::c_long;
use std::io;

use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{int80, low_copy};

/// `clone3` in the kernel's `syscall_32.tbl`.
const CLONE3: u32 = 435;

pub(super) const WAY: Way = Way::ordinary("int80-clone3", "clone3 through int 0x80", run);

fn run(scene: &Scene) -> io::Result<()> {
    let arguments = super::clone3::arguments();
    let size = size_of_val(&arguments);
    // SAFETY: a structure of numbers without gaps.
    let bytes = unsafe { std::slice::from_raw_parts((&raw const arguments).cast::<u8>(), size) };
    let address = low_copy(bytes)?;
    scene.begin()?;
    // SAFETY: without a stack it returns twice, as fork does.
    match unsafe { int80(CLONE3, [address, size as u32, 0, 0, 0, 0]) } {
        Ok(child) => super::after_clone(scene, c_long::from(child)),
        Err(error) => {
            scene.end();
            Err(error)
        }
    }
}
