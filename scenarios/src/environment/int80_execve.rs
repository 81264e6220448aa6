//! `execve` by the 32-bit entry of the kernel, where its number is 11 and addresses have four bytes.

use std::io;

use super::{LOOK, PROGRAM, ld_preload, variable};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{int80, low_copy, path};

/// `execve` in the kernel's `syscall_32.tbl`.
const EXECVE: u32 = 11;

pub(super) const WAY: Way =
    Way::ordinary("int80-execve", "execve with LD_PRELOAD through int 0x80, as number 11", run);

fn run(scene: &Scene) -> io::Result<()> {
    let image = format!("environment/{LOOK}");
    let arguments = list(&[PROGRAM, &image, ld_preload::NAME])?;
    let environment = list(&["PATH=/bin", &variable(ld_preload::NAME)])?;
    let program = low_copy(path(PROGRAM)?.as_bytes_with_nul())?;
    // SAFETY: the texts stay; the call returns only when it fails.
    scene.window(|| unsafe { int80(EXECVE, [program, arguments, environment, 0, 0, 0]) }).map(drop)
}

/// A list of 32-bit addresses of texts, with a null at the end.
fn list(texts: &[&str]) -> io::Result<u32> {
    let mut addresses = Vec::new();
    for text in texts {
        addresses.extend(low_copy(path(text)?.as_bytes_with_nul())?.to_ne_bytes());
    }
    addresses.extend([0; 4]);
    low_copy(&addresses)
}
