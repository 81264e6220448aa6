//! System calls for ways: raw ones, by `syscall` and by `int 0x80`.

use std::ffi::{CString, c_int, c_long};
use std::io;

use crate::scene::USER;

/// The result of a call of the C library.
///
/// # Errors
/// When it failed: errno.
pub(crate) fn check(result: c_int) -> io::Result<c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// As [`check`], for `libc::syscall`.
///
/// # Errors
/// When it failed: errno.
pub(crate) fn check_long(result: c_long) -> io::Result<c_long> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// A result as the kernel itself gives it: a negative one is an error number.
///
/// # Errors
/// When it is negative.
pub(crate) fn error_of(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::from_raw_os_error(-result)) } else { Ok(result) }
}

/// Copies `bytes` to memory below 4 GiB, for calls by [`int80`]. It stays until the process ends.
///
/// # Errors
/// When the kernel has no such memory.
pub(crate) fn low_copy(bytes: &[u8]) -> io::Result<u32> {
    // SAFETY: a new mapping, at least as long as what is copied into it.
    unsafe {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT;
        let place = libc::mmap(std::ptr::null_mut(), bytes.len().max(1), protection, flags, -1, 0);
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        place.cast::<u8>().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        Ok(place as usize as u32)
    }
}

/// The error number of `error`; EPROTO for an error that is not the kernel's.
pub(crate) fn errno_of(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(libc::EPROTO)
}

/// A path for the kernel.
///
/// # Errors
/// When it contains NUL.
pub(crate) fn path(text: &str) -> io::Result<CString> {
    Ok(CString::new(text)?)
}

/// Makes this process that of an ordinary user without capabilities.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn become_user() -> io::Result<()> {
    become_uid(USER)
}

/// Makes this process that of the user and the group with this number, without other groups.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn become_uid(user: u32) -> io::Result<()> {
    // SAFETY: changes this process alone.
    unsafe {
        check(libc::setgroups(0, std::ptr::null()))?;
        check(libc::setresgid(user, user, user))?;
        check(libc::setresuid(user, user, user))?;
        // Its files in /proc are its own again.
        check(libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0))?;
    }
    Ok(())
}

/// Mounts `source` on `place`. Without a kind it changes a mount that exists.
///
/// # Errors
/// What the kernel answered.
pub(crate) fn mount(
    source: &str,
    place: &str,
    kind: Option<&str>,
    flags: u64,
    options: &str,
) -> io::Result<()> {
    let (source, place, options) = (path(source)?, path(place)?, path(options)?);
    let kind = kind.map(path).transpose()?;
    let kind = kind.as_ref().map_or(std::ptr::null(), |kind| kind.as_ptr());
    // SAFETY: all texts end in NUL.
    let result =
        unsafe { libc::mount(source.as_ptr(), place.as_ptr(), kind, flags, options.as_ptr().cast()) };
    check(result).map(drop)
}

/// Makes the 32-bit system call `number` by `int 0x80`, as a 64-bit program can. Pointers have to be below 4 GiB.
///
/// # Safety
/// The arguments have to be what the call needs.
///
/// # Errors
/// When it failed: errno.
#[cfg(target_arch = "x86_64")]
pub(crate) unsafe fn int80(number: u32, arguments: [u32; 6]) -> io::Result<u32> {
    let [first, second, third, fourth, fifth, sixth] = arguments.map(u64::from);
    let result: u64;
    // SAFETY: the kernel saves all registers but rax, and since 4.4 clears r8 to r11. rbx and rbp, which the
    // compiler may not give away, are saved around the call.
    unsafe {
        std::arch::asm!(
            "push rbx", "push rbp", "mov rbx, r12", "mov rbp, r13", "int 0x80", "pop rbp", "pop rbx",
            inlateout("rax") u64::from(number) => result,
            in("r12") first, in("rcx") second, in("rdx") third, in("rsi") fourth, in("rdi") fifth, in("r13") sixth,
            lateout("r8") _, lateout("r9") _, lateout("r10") _, lateout("r11") _,
        );
    }
    match result as i32 {
        error @ -4095..=-1 => Err(io::Error::from_raw_os_error(-error)),
        value => Ok(value as u32),
    }
}

/// The bytes from `begin` to `end`.
///
/// # Safety
/// They have to be in one object that lives as long as the program.
pub(crate) unsafe fn between(begin: *const u8, end: *const u8) -> &'static [u8] {
    // SAFETY: the caller says so.
    unsafe { std::slice::from_raw_parts(begin, end.offset_from(begin) as usize) }
}
