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

/// Has a child make `work`, and waits for its end. Returns its status, as `waitpid` gives it.
///
/// # Errors
/// When there can be no child. What `work` returns is the child's to leave somewhere.
pub(crate) fn in_child(work: impl FnOnce()) -> io::Result<c_int> {
    // SAFETY: the caller has one thread, so the child may do anything. It leaves without running what its parent
    // has to run.
    unsafe {
        let child = check(libc::fork())?;
        if child == 0 {
            work();
            libc::_exit(0);
        }
        let mut status = 0;
        check(libc::waitpid(child, &mut status, 0))?;
        Ok(status)
    }
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
