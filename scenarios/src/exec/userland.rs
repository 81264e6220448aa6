//! The program copied into memory and run there by hand. For the kernel nothing is executed.

use std::ffi::c_void;
use std::fs;
use std::io;

use super::loader::{entry, jump};
use super::scene_files::VULNERABLE;
use crate::child;
use crate::elf::BASE;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check;

pub(super) const WAY: Way =
    Way::ordinary("userland", "its code copied into memory by hand, without an exec", run);

fn run(scene: &Scene) -> io::Result<()> {
    let program = fs::read(VULNERABLE)?;
    let start = entry(&program).ok_or(io::Error::from_raw_os_error(libc::ENOEXEC))?;
    let (begin, protection) = (BASE as usize as *mut c_void, libc::PROT_READ | libc::PROT_WRITE);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: a new mapping that replaces none, and the bytes fit into it.
    unsafe {
        let place = libc::mmap(begin, program.len(), protection, flags, -1, 0);
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        place.cast::<u8>().copy_from_nonoverlapping(program.as_ptr(), program.len());
    }
    scene.window(|| {
        // SAFETY: the mapping is ours.
        check(unsafe { libc::mprotect(begin, program.len(), libc::PROT_READ | libc::PROT_EXEC) })?;
        child::run(|| jump(start))
    })?;
    Ok(())
}
