//! Memory for code, and the code that ways put there.

use std::ffi::c_int;
use std::io;
use std::os::fd::RawFd;
use std::ptr;
use std::sync::atomic::Ordering;

use crate::scene::Scene;
use crate::sys::check;

/// `mov $42, %eax; ret`, as data.
pub(super) const CODE: [u8; 6] = [0xb8, super::ANSWER as u8, 0, 0, 0, 0xc3];

/// Bytes of a page.
pub(super) const PAGE: usize = 4096;

/// Memory to read and write.
pub(super) const DATA: c_int = libc::PROT_READ | libc::PROT_WRITE;
/// Memory to read and execute.
pub(super) const TEXT: c_int = libc::PROT_READ | libc::PROT_EXEC;
/// Memory to write and execute.
pub(super) const BOTH: c_int = DATA | TEXT;

/// Maps a page of the open file at `offset`, or of no file if `flags` say so.
///
/// # Errors
/// What the kernel answered.
pub(super) fn map(protection: c_int, flags: c_int, file: RawFd, offset: usize) -> io::Result<*mut u8> {
    // SAFETY: a new mapping at an address that the kernel chooses.
    let place = unsafe { libc::mmap(ptr::null_mut(), PAGE, protection, flags, file, offset as i64) };
    if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(place.cast()) }
}

/// Maps a page without a file, of this process alone.
///
/// # Errors
/// What the kernel answered.
pub(super) fn anonymous(protection: c_int) -> io::Result<*mut u8> {
    map(protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)
}

/// A page with the code in it, which may be read and written.
///
/// # Errors
/// What the kernel answered.
pub(super) fn filled() -> io::Result<*mut u8> {
    let page = anonymous(DATA)?;
    fill(page);
    Ok(page)
}

/// Changes what a page is for.
///
/// # Errors
/// What the kernel answered.
pub(super) fn protect(page: *mut u8, protection: c_int) -> io::Result<()> {
    // SAFETY: the page was mapped here and holds nothing but the code.
    check(unsafe { libc::mprotect(page.cast(), PAGE, protection) }).map(drop)
}

/// Writes the code to a page.
pub(super) fn fill(page: *mut u8) {
    // SAFETY: the page was mapped here, to be written.
    unsafe { page.copy_from_nonoverlapping(CODE.as_ptr(), CODE.len()) };
}

/// Runs what is in a page, and leaves what it returned for the check.
pub(super) fn run(scene: &Scene, page: *const u8) {
    // SAFETY: the code only sets a register and returns. If the page cannot be executed, the way dies, as it should.
    let answer = unsafe { std::mem::transmute::<*const u8, extern "C" fn() -> u32>(page)() };
    scene.shared.values[0].store(answer.into(), Ordering::SeqCst);
}
