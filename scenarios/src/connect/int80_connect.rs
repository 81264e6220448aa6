//! `connect` by the 32-bit entry of the kernel, where its number is 362.

use super::{address, hello_after, tcp};
use crate::scenario::Way;
use crate::sys::{int80, low_copy};

/// `connect` in the kernel's `syscall_32.tbl`.
const CONNECT: u32 = 362;

pub(super) const WAY: Way =
    Way::ordinary("int80-connect", "connect through int 0x80, as number 362", |scene| {
        let fd = tcp()?;
        let bytes = bytes();
        let address = low_copy(&bytes)?;
        hello_after(scene, fd, || {
            // SAFETY: the address stays.
            unsafe { int80(CONNECT, [fd as u32, address, bytes.len() as u32, 0, 0, 0]) }.map(drop)
        })
    });

/// The bytes of the listener's address.
pub(super) fn bytes() -> [u8; size_of::<libc::sockaddr_in>()] {
    // SAFETY: a structure of numbers without gaps.
    unsafe { std::mem::transmute(address()) }
}
