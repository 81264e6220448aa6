//! `connect` as a call of 32-bit `socketcall`, with its arguments in memory.

use super::{hello_after, int80_connect, tcp};
use crate::scenario::Way;
use crate::sys::{int80, low_copy};

/// `socketcall` in the kernel's `syscall_32.tbl`.
const SOCKETCALL: u32 = 102;
/// `connect` in the kernel's `net.h`.
const CONNECT: u32 = 3;

pub(super) const WAY: Way =
    Way::ordinary("int80-socketcall", "socketcall(connect) through int 0x80, as number 102", |scene| {
        let fd = tcp()?;
        let bytes = int80_connect::bytes();
        let arguments = [fd as u32, low_copy(&bytes)?, bytes.len() as u32];
        let arguments = low_copy(&arguments.map(u32::to_ne_bytes).concat())?;
        hello_after(scene, fd, || {
            // SAFETY: the arguments and the address stay.
            unsafe { int80(SOCKETCALL, [CONNECT, arguments, 0, 0, 0, 0]) }.map(drop)
        })
    });
