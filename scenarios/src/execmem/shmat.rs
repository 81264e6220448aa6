//! System V shared memory, attached twice: once to be written and once to be executed.

use std::ffi::{c_int, c_void};
use std::io;
use std::ptr;

use super::memory::{PAGE, fill, run};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check;

pub(super) const WAY: Way = Way::ordinary("shmat", "shmat with SHM_EXEC of memory that was written", run_it);

fn run_it(scene: &Scene) -> io::Result<()> {
    // SAFETY: makes memory that nobody else knows.
    let memory = check(unsafe { libc::shmget(libc::IPC_PRIVATE, PAGE, libc::IPC_CREAT | 0o700) })?;
    fill(attach(memory, 0)?.cast());
    let page = scene.window(|| attach(memory, libc::SHM_EXEC | libc::SHM_RDONLY));
    // SAFETY: the memory goes when nobody has it attached any more.
    check(unsafe { libc::shmctl(memory, libc::IPC_RMID, ptr::null_mut()) })?;
    run(scene, page?.cast());
    Ok(())
}

fn attach(memory: c_int, flags: c_int) -> io::Result<*mut c_void> {
    // SAFETY: a new mapping at an address that the kernel chooses.
    let place = unsafe { libc::shmat(memory, ptr::null(), flags) };
    if place as isize == -1 { Err(io::Error::last_os_error()) } else { Ok(place) }
}
