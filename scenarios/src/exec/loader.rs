//! A loader that maps the program and jumps into it, as `ld.so PROGRAM` does: the kernel executes the loader.

use std::ffi::c_void;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;

use super::scene_files::VULNERABLE;
use crate::elf::BASE;
use crate::exchange::PROGRAM;
use crate::scenario::Way;
use crate::sys::{check, errno_of};

pub(super) const WAY: Way =
    Way::ordinary("loader", "execve of a loader that maps it and jumps into it, as ld.so does", |scene| {
        super::execute_with(scene, PROGRAM, &[PROGRAM, "exec/loader", VULNERABLE])
    });

/// The loader: maps the file that the first argument names and jumps into it. With the second argument `late` it makes
/// the memory executable after it has mapped it.
pub(super) fn load(arguments: &[String]) -> i32 {
    let [path, rest @ ..] = arguments else { return libc::EINVAL };
    match map(path, rest.first().is_some_and(|word| word == "late")) {
        Ok(begin) => jump(begin),
        Err(error) => errno_of(&error),
    }
}

fn map(path: &str, late: bool) -> io::Result<usize> {
    let file = File::open(path)?;
    let header = fs::read(path)?;
    let (begin, length) = (BASE as usize as *mut c_void, header.len());
    let code = libc::PROT_READ | libc::PROT_EXEC;
    let first = if late { libc::PROT_READ } else { code };
    let flags = libc::MAP_PRIVATE | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: does not replace a mapping.
    let place = unsafe { libc::mmap(begin, length, first, flags, file.as_raw_fd(), 0) };
    if place == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    if late {
        // SAFETY: the mapping is ours.
        check(unsafe { libc::mprotect(begin, length, code) })?;
    }
    entry(&header).ok_or(io::Error::from_raw_os_error(libc::ENOEXEC))
}

/// The address of the first instruction of the 64-bit program with this header.
pub(super) fn entry(header: &[u8]) -> Option<usize> {
    let bytes = header.get(24..32)?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?) as usize)
}

/// Runs the program whose first instruction is at `address`.
pub(super) fn jump(address: usize) -> ! {
    // SAFETY: the code there is that of `programs.rs`, which needs no stack and ends its process.
    unsafe { std::mem::transmute::<usize, extern "C" fn() -> !>(address)() }
}
