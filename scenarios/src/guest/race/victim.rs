//! The victim: it makes a call with a path, and looks which file the kernel used.

use std::io;
use std::ptr;

use anyhow::{Result, bail};

use crate::race::{Opened, RacedCall};
use crate::sys::check;

/// What the good and the evil program exit with.
pub(super) const GOOD_CODE: u8 = 101;
pub(super) const EVIL_CODE: u8 = 102;
/// What the process that was to execute them exits with when the kernel found neither, when a policy refused, and
/// when anything else failed.
const NEITHER_CODE: u8 = 103;
const REFUSED_CODE: u8 = 104;
const FAILED_CODE: u8 = 105;

impl RacedCall {
    /// Its number.
    pub(super) fn number(self) -> i64 {
        match self {
            RacedCall::Openat => libc::SYS_openat,
            RacedCall::Openat2 => libc::SYS_openat2,
            RacedCall::Execve => libc::SYS_execve,
        }
    }
}

/// Bytes of `struct open_how`. Zeros open for reading.
pub(super) const HOW: [u64; 3] = [0; 3];

/// Opens `path` with `call`, which gets `how` if it is `openat2`, and looks at the bytes of the file.
///
/// # Errors
/// When the call fails in a way that no race explains.
pub(super) fn open(call: RacedCall, path: *const libc::c_char, how: *const u64) -> Result<Opened> {
    // SAFETY: the kernel checks both addresses; it copies a string and a structure of the given size.
    let file = unsafe {
        match call {
            RacedCall::Openat2 => libc::syscall(call.number(), libc::AT_FDCWD, path, how, size_of_val(&HOW)),
            _ => libc::syscall(call.number(), libc::AT_FDCWD, path, libc::O_RDONLY),
        }
    };
    if file < 0 {
        return match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ENOENT) => Ok(Opened::Neither),
            error if error.raw_os_error() == Some(libc::EPERM) => Ok(Opened::Refused),
            error => bail!("{call} failed: {error}"),
        };
    }
    let mut byte = 0u8;
    // SAFETY: reads into a byte of ours; the descriptor is ours to close.
    let read = unsafe {
        let read = libc::read(file as i32, (&raw mut byte).cast(), 1);
        libc::close(file as i32);
        read
    };
    match (read, byte) {
        (1, b'G') => Ok(Opened::Good),
        (1, b'E') => Ok(Opened::Evil),
        other => bail!("{call} opened a file of no race: {other:?}"),
    }
}

/// Has a child execute `path` after `before`, and looks at what it exits with.
///
/// # Errors
/// When it ends in a way that no race explains.
pub(super) fn execute(path: *const libc::c_char, before: impl FnOnce() -> Result<()>) -> Result<Opened> {
    // SAFETY: the caller has one thread, so the child may do anything; the path stays, and the arrays end with null.
    unsafe {
        let child = check(libc::fork())?;
        if child == 0 {
            if before().is_err() {
                libc::_exit(FAILED_CODE.into());
            }
            let arguments = [path, ptr::null()];
            libc::syscall(libc::SYS_execve, path, arguments.as_ptr(), [ptr::null::<u8>()].as_ptr());
            libc::_exit(match io::Error::last_os_error().raw_os_error() {
                Some(libc::ENOENT) => NEITHER_CODE.into(),
                Some(libc::EPERM) => REFUSED_CODE.into(),
                _ => FAILED_CODE.into(),
            });
        }
        let mut status = 0;
        check(libc::waitpid(child, &mut status, 0))?;
        match u8::try_from(libc::WEXITSTATUS(status)) {
            Ok(GOOD_CODE) => Ok(Opened::Good),
            Ok(EVIL_CODE) => Ok(Opened::Evil),
            Ok(NEITHER_CODE) => Ok(Opened::Neither),
            Ok(REFUSED_CODE) => Ok(Opened::Refused),
            _ => bail!("execve failed: the status of the process is {status:#x}"),
        }
    }
}
