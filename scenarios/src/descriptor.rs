//! Descriptors that pass between processes: SCM_RIGHTS.

use std::io;
use std::os::fd::RawFd;

use crate::sys::check_long;

/// Bytes of a control message with one descriptor, aligned as the kernel wants it.
#[repr(C, align(8))]
struct Control([u8; 24]);

/// Sends `fd` through `socket`, with one byte.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn send(socket: RawFd, fd: RawFd) -> io::Result<()> {
    let mut control = Control([0; 24]);
    with_message(&mut control, |message| {
        // SAFETY: the control buffer has room for one descriptor.
        unsafe {
            let header = libc::CMSG_FIRSTHDR(message);
            (*header).cmsg_level = libc::SOL_SOCKET;
            (*header).cmsg_type = libc::SCM_RIGHTS;
            (*header).cmsg_len = libc::CMSG_LEN(size_of::<RawFd>() as u32) as usize;
            libc::CMSG_DATA(header).cast::<RawFd>().write_unaligned(fd);
            check_long(libc::sendmsg(socket, message, 0) as i64).map(drop)
        }
    })
}

/// Receives a descriptor from `socket`.
///
/// # Errors
/// When the kernel refuses. EACCES if the message came without its descriptor.
pub(crate) fn receive(socket: RawFd) -> io::Result<RawFd> {
    let mut control = Control([0; 24]);
    with_message(&mut control, |message| {
        // SAFETY: the kernel writes at most what the buffers have room for.
        unsafe {
            check_long(libc::recvmsg(socket, message, 0) as i64)?;
            let header = libc::CMSG_FIRSTHDR(message);
            if header.is_null() {
                return Err(io::Error::from_raw_os_error(libc::EACCES));
            }
            Ok(libc::CMSG_DATA(header).cast::<RawFd>().read_unaligned())
        }
    })
}

fn with_message<T>(control: &mut Control, use_it: impl FnOnce(*mut libc::msghdr) -> T) -> T {
    let mut byte = 0u8;
    let mut part = libc::iovec { iov_base: (&raw mut byte).cast(), iov_len: 1 };
    // SAFETY: a structure of numbers and pointers, for which zero is valid.
    let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len();
    use_it(&raw mut message)
}
